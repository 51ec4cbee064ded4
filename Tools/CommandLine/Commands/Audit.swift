import ArgumentParser
import StackView
import Transport

struct Audit: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Wait until nothing is under way, then check the invariants.",
        discussion: """
            Reads every service over HTTP and checks the invariants: nothing is lost, charged twice or \
            oversold, and every repair is done.
            With --history, what the clients of a load saw is compared with the orders as well: none is \
            lost, duplicated or unexpected. Exit code 1 when one fails, or when the queues aren't empty in \
            time (not-drained).

            Example: csp audit --wait 120
            Example: csp load --history seen.jsonl; csp audit --history seen.jsonl
            """
    )

    @OptionGroup var data: DataFolderOption

    @Option(
        help: ArgumentHelp(
            "How long to wait for the queues to empty, in seconds or such as 2m.", valueName: "s"))
    var wait = DurationArgument(.seconds(60))

    @Option(help: ArgumentHelp("What the clients of a csp load --history saw.", valueName: "file"))
    var history: String?

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        var ok: Bool
        var invariants: [Invariant]
        /// Nil without a history.
        var history: HistoryReport?
        var counts: [String: Int]
    }

    func run() async throws {
        let history = try history.map(History.read)
        let record = try data.folder.reachable()
        guard record.services.contains(where: \.process.isAlive) else {
            throw Failure("nothing is running on \(data.folder.path); csp up\(data.folder.option) starts it")
        }
        // A page of 500 long orders is larger than a call between services may be.
        let client = HTTPClient(maximumBodyBytes: 64 << 20)
        defer { client.shutdown() }
        let reader = StackReader(
            record: record, client: client,
            serviceToken: try? Tokens.known(\.serviceToken, "SERVICE_TOKEN", in: data.folder))
        var progress = Progress()
        let snapshot: Snapshot
        do {
            defer { progress.finish() }
            try await reader.waitUntilDrained(wait.duration) { progress.show($0) }
            snapshot = try await reader.snapshot { progress.show($0) }
        }
        let invariants = snapshot.invariants
        let judged = history?.report(snapshot.orders)
        let report = Report(
            ok: invariants.allSatisfy(\.ok) && judged?.ok != false, invariants: invariants, history: judged,
            counts: snapshot.counts)
        Terminal.print(json ? try Terminal.json(report) : text(report))
        if !report.ok { throw ExitCode(1) }
    }

    private func text(_ report: Report) -> String {
        let counts = report.counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(
            separator: ", ")
        let invariants = report.invariants.map { text("\($0.number). \($0.name)", $0.violations) }
        let judged = report.history.map { ["", text($0)] } ?? []
        return (invariants + judged + ["", "Looked at \(counts)."]).joined(separator: "\n")
    }

    private func text(_ history: HistoryReport) -> String {
        let judgements = history.judgements.map { text("\($0.name): \($0.meaning)", $0.violations) }
        let figures =
            """
                    of \(history.operations) operations in \(history.attempts) requests, \(history.retried) \
            learned their end by asking again; of those that never did, \(history.recovered) have their \
            order and \(history.absent) have none
            """
        return (judgements + [figures]).joined(separator: "\n")
    }

    private func text(_ claim: String, _ violations: [Violation]) -> String {
        let ok = violations.isEmpty
        let outcome = ok ? Terminal.coloured("ok    ", .green) : Terminal.coloured("FAILED", .red)
        var lines = ["\(outcome)  \(claim)\(ok ? "" : ": \(violations.count) found")"]
        lines += violations.prefix(10).map { "           \($0.id) \($0.detail)" }
        if violations.count > 10 { lines.append("           … and \(violations.count - 10) more") }
        return lines.joined(separator: "\n")
    }
}
