import Foundation
import StackView

/// Processor time so far, in seconds: of a stack with this process, which together carry the cost of an
/// order, and of the machine.
struct CPUTime: Sendable {
    private let processes: [pid_t: Double]
    /// Use of all processors by all processes, without interrupts, which a stack's own calls cause.
    let busy: Double
    /// Time of all processors, idle or not.
    let all: Double

    init(_ record: StackRecord) {
        var own = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &own)
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        var processes = [getpid(): seconds(own.ru_utime) + seconds(own.ru_stime)]
        for service in record.services { processes[service.process.pid] = Self.used(by: service.process.pid) }
        self.processes = processes
        let fields = Self.words("/proc/stat", upTo: "\n").dropFirst().prefix(8).map {
            (Double($0) ?? 0) / Self.ticks
        }
        // user, nice, system, idle, iowait, irq, softirq, steal
        busy = fields.count == 8 ? fields[0] + fields[1] + fields[2] + fields[7] : 0
        all = fields.reduce(0, +)
    }

    /// Use of the stack and this process since `earlier`. A service that was started meanwhile counts from
    /// zero.
    func own(since earlier: CPUTime) -> Double {
        processes.reduce(0) { $0 + max(0, $1.value - (earlier.processes[$1.key] ?? 0)) }
    }

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))

    /// User and system time: fields 14 and 15 of `/proc/PID/stat`, in clock ticks.
    private static func used(by pid: pid_t) -> Double {
        let fields = words("/proc/\(pid)/stat", after: ")")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
            return 0
        }
        return (user + system) / ticks
    }

    private static func words(_ file: String, upTo end: Character? = nil, after start: Character? = nil)
        -> [Substring]
    {
        guard let data = FileManager.default.contents(atPath: file) else { return [] }
        var text = String(decoding: data, as: UTF8.self)[...]
        if let end { text = text.prefix { $0 != end } }
        if let start { text = text.split(separator: start).last ?? "" }
        return text.split(separator: " ")
    }
}
