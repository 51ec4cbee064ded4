import Foundation
import Transport

/// How many files and sockets this process may have open at once.
enum DescriptorLimit {
    static var current: Int { limits.map { Int(clamping: $0.rlim_cur) } ?? 1024 }

    /// Raises the limit as far as the process may. Most systems start a process with a lower one, which
    /// protects programs that use `select`; nothing here does.
    static func raise() {
        guard var limits, limits.rlim_cur < limits.rlim_max else { return }
        limits.rlim_cur = limits.rlim_max
        _ = setrlimit(resource, &limits)
    }

    private static var limits: rlimit? {
        var limits = rlimit()
        return getrlimit(resource, &limits) == 0 ? limits : nil
    }

    #if canImport(Glibc)
        private static let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
        private static let resource = RLIMIT_NOFILE
    #endif
}
