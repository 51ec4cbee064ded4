import ArgumentParser
import Contracts
import Foundation
import Resilience
import Transport

struct Load: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Place many orders at a fixed rate and report how they ended.",
        discussion: """
            Open loop: orders are sent at the rate whatever the answers do, and latency counts from the \
            intended send time. Undecided orders (no connection, timeout) are sent again with the same \
            idempotency key, and so are those turned away (503, 429): not before Retry-After, and at most a \
            twentieth of the orders. Accepted orders are followed to their end, 1,000 at once; the rest \
            counts as unfollowed. Sending is late only with 1,000 orders unanswered. The report has the \
            requested rate and the reached one. Ctrl-C ends the load and reports what there is. Exit code 1 \
            when an order ended unresolved or with an answer outside the contract, after Ctrl-C, or when \
            order can't be reached.
            With --history each order's story, as its client saw it, is written to a file for csp audit.

            Example: csp load --rate 100 --duration 1m
            Example: csp load --timeout 2m --history seen.jsonl
            Example: csp load --replay --rate 200
            """
    )

    /// The journey of the catalogue, or a file.
    enum Replay: ExpressibleByArgument, Equatable, CustomStringConvertible {
        case journey
        case file(String)

        init(argument: String) { self = .file(argument) }

        var description: String {
            switch self {
            case .journey: "the journey's 2,000 baskets"
            case .file(let path): path
            }
        }
    }

    @OptionGroup var data: DataFolderOption
    @OptionGroup var order: OrderURLOption

    @Option(help: ArgumentHelp("Orders a second.", valueName: "r"))
    var rate = 50.0

    @Option(
        help: ArgumentHelp(
            "How long to send, such as 30s or 2m (default: 30s; with --replay, to the end).", valueName: "d"))
    var duration: DurationArgument?

    @Option(
        defaultAsFlag: Replay.journey,
        help: ArgumentHelp(
            "Send each basket of the file once, in order, with its own customer and coupon.",
            valueName: "file"))
    var replay: Replay? = nil

    @Option(
        help: ArgumentHelp("Percent of the random baskets that carry a coupon (default: 10).", valueName: "p")
    )
    var couponShare: Double?

    @Option(
        help: ArgumentHelp("Seed of the random baskets (default: another one each time).", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("How long one order is sent again and followed.", valueName: "d"))
    var timeout = DurationArgument(.seconds(30))

    @Option(
        help: ArgumentHelp(
            """
            Write what the clients do and see to a new file, as it happens, one JSON object a line.
            """,
            valueName: "file"))
    var history: String?

    @Option(help: "Payment token of every order: tok_ok, tok_declined, tok_insufficient_funds or tok_slow.")
    var token = "tok_ok"

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        guard rate > 0, rate <= 100_000 else {
            throw ValidationError("--rate must be above 0 and at most 100000, not \(rate)")
        }
        guard (0...100).contains(couponShare ?? 0) else {
            throw ValidationError("--coupon-share must be from 0 to 100")
        }
        guard replay == nil || (couponShare == nil && seed == nil) else {
            throw ValidationError(
                "--coupon-share and --seed are for random baskets; --replay sends the file's own")
        }
        guard duration?.duration != .zero else { throw ValidationError("--duration must be above 0") }
    }

    func run() async throws {
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        let url = try order.url(data.folder)
        let client = HTTPClient(maximumConnectionsPerHost: 256)
        let reads = HTTPClient(maximumConnectionsPerHost: 32)
        defer {
            client.shutdown()
            reads.shutdown()
        }
        try await checkThatOrderIsThere(url, client)
        let baskets = try Basket.read(from: file())
        let run = randomHex(UInt32.self)
        let history = try history.map(HistoryFile.init)
        let loop = OpenLoop(
            purchase: Purchase(
                placing: client.send, following: reads.send, orderURL: url, timeout: timeout.duration),
            rate: rate, run: run, paymentToken: token
        ) { operation, _ in
            history?.write(operation)
        }
        let seed = replay == nil ? seed ?? UInt64.random(in: 0...999_999) : nil
        let source = BasketSource(baskets, couponShare: couponShare ?? 10, seed: seed ?? 0, run: run)
        let progress = Locked(Progress())
        let begin = ContinuousClock.now
        let counts = try await signals.cancelling {
            [total = total(baskets.count), isReplay = replay != nil] in
            var source = source
            var sent = 0
            return try await loop.send {
                defer { sent += 1 }
                guard sent < total else { return nil }
                return isReplay ? baskets[sent] : source.next()
            } onProgress: { counts in
                progress.withLock { $0.show(counts.words(of: total)) }
            }
        }
        progress.withLock { $0.finish() }
        let report = LoadReport(
            counts, rate: rate, seed: seed, duration: ContinuousClock.now - begin,
            interrupted: signals.count > 0)
        Terminal.print(json ? try Terminal.json(report) : report.text)
        for failure in report.failures { Terminal.error(failure) }
        try history?.close()
        if report.interrupted { throw Failure("interrupted; this is what there was by then") }
        if !report.ok { throw ExitCode(1) }
    }

    /// Fails at once where nothing listens. A service that listens and doesn't answer is a load's legitimate
    /// subject.
    private func checkThatOrderIsThere(_ url: String, _ client: HTTPClient) async throws {
        do {
            _ = try await client.send(
                .init(url: "\(url)/livez", connectTimeout: .seconds(1), timeout: .seconds(1)))
        } catch .unreachable(let why) {
            let how = order.given == nil ? "; csp up\(data.folder.option) starts the stack" : ""
            throw Failure("order isn't there (\(url): \(why))\(how)")
        } catch {}
    }

    private func file() throws -> String {
        if case .file(let path) = replay { return path }
        return try "\(order.seedFolder(data.folder))/orders.jsonl"
    }

    private func total(_ baskets: Int) -> Int {
        let inTime = { (duration: Duration) in max(1, Int((duration.seconds * rate).rounded())) }
        guard replay != nil else { return inTime(duration?.duration ?? .seconds(30)) }
        return duration.map { min(baskets, inTime($0.duration)) } ?? baskets
    }
}

extension Tally.Counts {
    /// How far it has come, for a person.
    fileprivate func words(of total: Int) -> String {
        "\(sent) of \(total) sent, \(unanswered) unanswered, \(followed) followed, \(retries) sent again"
    }
}
