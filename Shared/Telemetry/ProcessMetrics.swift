/// The kernel's figures for this process, under the names that every Prometheus client uses.
struct ProcessMetrics: Equatable {
    var cpuSeconds: Double
    var startTimeSeconds: Double
    var residentBytes: Double
    var virtualBytes: Double
    var threads: Double
    var openFiles: Double?
    var maximumFiles: Double?

    /// Reads the text of `/proc/self/stat`; nil if it is malformed.
    ///
    /// - Parameter bootTime: Seconds since 1970, to which the start in ticks since boot is added.
    init?(stat: String, ticksPerSecond: Double, pageBytes: Double, bootTime: Double) {
        // The second field is the program's name in brackets and may itself contain blanks and brackets.
        guard let nameEnd = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: nameEnd)...].split(whereSeparator: \.isWhitespace).map {
            Double($0)
        }
        // Numbered from 1 in proc(5); the first here is its third.
        func field(_ number: Int) -> Double? {
            fields.indices.contains(number - 3) ? fields[number - 3] : nil
        }
        guard let user = field(14), let system = field(15), let threads = field(20), let start = field(22),
            let virtualBytes = field(23), let residentPages = field(24)
        else { return nil }
        self.cpuSeconds = (user + system) / ticksPerSecond
        self.startTimeSeconds = bootTime + start / ticksPerSecond
        self.residentBytes = residentPages * pageBytes
        self.virtualBytes = virtualBytes
        self.threads = threads
    }

    /// The soft limit of open files in the text of `/proc/self/limits`; nil when absent or unlimited.
    static func maximumFiles(limits: String) -> Double? {
        let title = "Max open files"
        guard let line = limits.split(separator: "\n").first(where: { $0.hasPrefix(title) }) else {
            return nil
        }
        return line.dropFirst(title.count).split(separator: " ").first.flatMap { Double($0) }
    }

    /// When the machine started, in seconds since 1970, from the text of `/proc/stat`.
    static func bootTime(stat: String) -> Double? {
        stat.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }

    func write(to page: inout PrometheusPage) {
        func write(_ name: String, _ kind: MetricKind, _ help: String, _ value: Double?) {
            guard let value else { return }
            page.begin(name, kind: kind, help: help)
            page.sample(name, labels: "", value: PrometheusText.number(value))
        }
        write(
            "process_cpu_seconds_total", .counter, "User and system CPU time spent, in seconds.", cpuSeconds)
        write("process_max_fds", .gauge, "Most file descriptors that may be open.", maximumFiles)
        write("process_open_fds", .gauge, "File descriptors that are open.", openFiles)
        write("process_resident_memory_bytes", .gauge, "Resident memory, in bytes.", residentBytes)
        write(
            "process_start_time_seconds", .gauge, "When the process started, in seconds since 1970.",
            startTimeSeconds)
        write("process_threads", .gauge, "Operating system threads.", threads)
        write("process_virtual_memory_bytes", .gauge, "Virtual memory, in bytes.", virtualBytes)
    }
}
