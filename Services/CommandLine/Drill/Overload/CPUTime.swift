import Foundation

/// Processor time that a stack and this process have used so far, in seconds: what an order costs, its client included.
enum CPUTime {
    static func used(by record: StackRecord) -> Double {
        var own = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &own)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return record.services.reduce(seconds(own.ru_utime) + seconds(own.ru_stime)) { $0 + used(by: $1.process.pid) }
    }

    /// Of `/proc/PID/stat`: user and system time in clock ticks, fields 14 and 15.
    private static func used(by pid: pid_t) -> Double {
        guard let file = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return 0 }
        let fields = String(decoding: file, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }
}
