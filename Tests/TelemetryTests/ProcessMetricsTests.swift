import Testing

@testable import Telemetry

@Suite struct ProcessMetricsTests {
    @Test("The kernel's line is read field by field, even when the program's name holds blanks and brackets")
    func parsing() throws {
        let stat =
            """
            42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 8 20 0 3 0 1000 8192 2 \
            18446744073709551615

            """
        let sample = try #require(
            ProcessMetrics(stat: stat, ticksPerSecond: 100, pageBytes: 4096, bootTime: 5000))
        #expect(sample.cpuSeconds == 3)
        #expect(sample.threads == 3)
        #expect(sample.startTimeSeconds == 5010)
        #expect(sample.virtualBytes == 8192)
        #expect(sample.residentBytes == 8192)
    }

    @Test(
        "A line that is cut short gives nothing rather than nonsense",
        arguments: ["", "42 (order", "42 (order) S 1 2 3"])
    func malformed(stat: String) {
        #expect(ProcessMetrics(stat: stat, ticksPerSecond: 100, pageBytes: 4096, bootTime: 0) == nil)
    }

    @Test("The limit of open files is the soft one, and absent when there is none")
    func limits() {
        let header = "Limit                     Soft Limit           Hard Limit           Units     \n"
        #expect(
            ProcessMetrics.maximumFiles(limits: header + "Max open files            1024   4096   files\n")
                == 1024)
        #expect(
            ProcessMetrics.maximumFiles(limits: header + "Max open files            unlimited   unlimited\n")
                == nil)
        #expect(ProcessMetrics.maximumFiles(limits: header) == nil)
    }

    @Test("The boot time is found among the machine's counters")
    func bootTime() {
        #expect(
            ProcessMetrics.bootTime(stat: "cpu  1 2 3\nctxt 9\nbtime 1767600000\nprocesses 7\n")
                == 1_767_600_000)
        #expect(ProcessMetrics.bootTime(stat: "cpu  1 2 3\n") == nil)
    }

    #if os(Linux)
        @Test("The page ends with this process's own numbers, all of them plausible")
        func exposition() throws {
            let page = try ParsedPage(PrometheusRegistry().exposition())
            #expect(page.kinds["process_cpu_seconds_total"] == "counter")
            for name in [
                "process_resident_memory_bytes", "process_virtual_memory_bytes", "process_open_fds",
                "process_max_fds",
                "process_threads",
            ] {
                #expect(page.kinds[name] == "gauge")
                #expect(try #require(page.value(name)) > 0)
            }
            let start = try #require(page.value("process_start_time_seconds"))
            let now = Double(LogTime.now().seconds)
            #expect(start > now - 86_400 && start < now + 5)
        }
    #endif
}
