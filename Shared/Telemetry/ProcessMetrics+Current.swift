#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

extension ProcessMetrics {
    /// A sample of this process; nil without `/proc`, that is, everywhere but on Linux.
    static func current() -> ProcessMetrics? {
        guard let stat = contents(of: "/proc/self/stat"),
            let bootTime = contents(of: "/proc/stat").flatMap(bootTime(stat:)),
            var sample = ProcessMetrics(
                stat: stat,
                ticksPerSecond: Double(sysconf(Int32(_SC_CLK_TCK))),
                pageBytes: Double(sysconf(Int32(_SC_PAGESIZE))),
                bootTime: bootTime)
        else { return nil }
        sample.openFiles = countOpenFiles()
        sample.maximumFiles = contents(of: "/proc/self/limits").flatMap(maximumFiles(limits:))
        return sample
    }

    private static func countOpenFiles() -> Double? {
        guard let folder = opendir("/proc/self/fd") else { return nil }
        defer { closedir(folder) }
        var entries = 0
        while readdir(folder) != nil { entries += 1 }
        // Without `.`, `..` and the descriptor that reads the folder.
        return Double(entries - 3)
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count > 0 {
                bytes += chunk[..<count]
            } else if count == 0 {
                return String(decoding: bytes, as: UTF8.self)
            } else if errno != EINTR {
                return nil
            }
        }
    }
}
