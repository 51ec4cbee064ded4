import ArgumentParser
import Transport

struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until nothing is under way, then check the eight invariants.",
        discussion: """
            Reads every service over HTTP: nothing lost, nobody charged twice, nothing oversold, everything made good.
            Exit code 1 when an invariant fails, or when the queues aren't empty in time (not-drained).

            Example: csp audit --wait 120
            """
    )

    @OptionGroup var data: DataFolderOption

    @Option(help: ArgumentHelp("How long to wait for the queues to empty, in seconds or such as 2m.", valueName: "s"))
    var wait = DurationArgument(.seconds(60))

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        var ok: Bool
        var invariants: [Invariant]
        var counts: [String: Int]
    }

    func run() async throws {
        let record = try data.folder.record()
        guard record.services.contains(where: \.process.isAlive) else {
            throw Failure("nothing is running on \(data.folder.path); csp up\(data.folder.option) starts it")
        }
        // A page of 500 long orders is larger than a call between services may be.
        let client = HTTPClient(maximumBodyBytes: 64 << 20)
        defer { client.shutdown() }
        let reader = StackReader(
            record: record, client: client, serviceToken: try? Tokens.read(from: data.folder).serviceToken)
        var progress = Progress()
        let snapshot: Snapshot
        do {
            defer { progress.finish() }
            try await reader.waitUntilDrained(wait.duration) { progress.show($0) }
            snapshot = try await reader.snapshot { progress.show($0) }
        }
        let invariants = snapshot.invariants
        let report = Report(ok: invariants.allSatisfy(\.ok), invariants: invariants, counts: snapshot.counts)
        Terminal.print(json ? try Terminal.json(report) : text(report))
        if !report.ok { throw ExitCode(1) }
    }

    private func text(_ report: Report) -> String {
        let counts = report.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return (report.invariants.map(text) + ["", "Looked at \(counts)."]).joined(separator: "\n")
    }

    private func text(_ invariant: Invariant) -> String {
        let verdict = invariant.ok ? Terminal.coloured("ok    ", .green) : Terminal.coloured("FAILED", .red)
        let count = invariant.violations.count
        var lines = ["\(verdict)  \(invariant.number). \(invariant.name)\(invariant.ok ? "" : ": \(count) found")"]
        lines += invariant.violations.prefix(10).map { "           \($0.id) \($0.detail)" }
        if count > 10 { lines.append("           … and \(count - 10) more") }
        return lines.joined(separator: "\n")
    }
}
