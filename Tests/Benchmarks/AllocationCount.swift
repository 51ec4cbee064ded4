import Foundation

/// Heap allocations of this process, counted by the preloaded `Scripts/count-allocations.c`.
enum AllocationCount {
    private typealias Count = @convention(c) () -> UInt

    private static let count: Count? = dlsym(nil, "csp_allocations").map { unsafeBitCast($0, to: Count.self) }

    /// The count so far; nil if the counter is not preloaded.
    static var now: UInt? { count?() }
}
