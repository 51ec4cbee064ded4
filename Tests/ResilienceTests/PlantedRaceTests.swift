import Foundation
import Synchronization
import Testing

/// A race on purpose, for `Scripts/check-races` only: it shows that the thread sanitizer finds races.
@Suite(
    "Planted race", .timeLimit(.minutes(10)),
    .enabled(if: ProcessInfo.processInfo.environment["CSP_PLANT_RACE"] == "1"))
struct PlantedRaceTests {
    @Test("two tasks count with nothing to keep them apart", .timeLimit(.minutes(10)))
    func plantedRace() async {
        let counter = UnprotectedCounter()
        await withTaskGroup { group in
            for _ in 0..<2 { group.addTask { counter.increment() } }
        }
        #expect(counter.count.pointee > 0)
        counter.count.deallocate()
    }
}

private struct UnprotectedCounter: @unchecked Sendable {
    let count: UnsafeMutablePointer<Int> = .allocate(capacity: 1)
    private let arrivals = Arrivals()

    init() { count.initialize(to: 0) }

    /// Counts a thousand times as soon as another task is here too.
    func increment() {
        arrivals.awaitAnother()
        for _ in 0..<1000 { count.pointee += 1 }
    }
}

/// Makes two tasks run at once, on threads of their own. Relaxed, since any ordering would hide the race.
private final class Arrivals: Sendable {
    private let count = Atomic(0)

    func awaitAnother() {
        count.add(1, ordering: .relaxed)
        while count.load(ordering: .relaxed) < 2 {}
    }
}
