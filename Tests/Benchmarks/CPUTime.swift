import Foundation

// `timespec` belongs to the C module that the compiler loads first; on Linux that may be this one.
#if canImport(CDispatch)
    import CDispatch
#endif

/// User and system time, and memory, as the kernel accounts for them.
enum CPUTime {
    static func ofThisProcess() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// CPU of the calling thread alone, without that of the others.
    static func ofThisThread() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1_000_000_000
    }

    /// Seconds of CPU that all threads of a process have used.
    static func of(pid: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return 0 }
        let fields = text[end...].split(separator: " ")
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return ((Double(fields[12]) ?? 0) + (Double(fields[13]) ?? 0)) / ticks
    }

    /// Resident memory in MiB.
    static func residentMiB(pid: Int32) -> Double {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8) else { return 0 }
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kibibytes = line?.split(separator: " ").compactMap { Double($0) }.first ?? 0
        return kibibytes / 1024
    }
}
