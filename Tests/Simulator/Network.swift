import Contracts
import Resilience
import Transport

/// Carries requests and answers, and loses, repeats and delays both: a request may take effect long after its
/// caller timed out, and after later requests.
final class Network: @unchecked Sendable {
    private let scheduler = Scheduler.shared
    private var machines: [String: Machine] = [:]
    private let trace: Trace
    /// False once the faults are over.
    var isFaulty: Bool
    /// Nanoseconds: until then no commit of stock arrives.
    var commitsLostUntil: Int64 = 0

    init(trace: Trace, isFaulty: Bool) {
        self.trace = trace
        self.isFaulty = isFaulty
    }

    func add(_ machine: Machine) { machines[machine.name] = machine }

    /// The sender of a process on `host`.
    /// - Parameter danger: called when a request is sent and when its answer arrives; the process may die.
    func sender(in host: Host, danger: @escaping @Sendable (HTTPClient.Request) -> Void = { _ in })
        -> some HTTPSender
    {
        Sender(network: self, host: host, danger: danger)
    }

    private struct Sender: HTTPSender {
        let network: Network
        let host: Host
        let danger: @Sendable (HTTPClient.Request) -> Void

        func send(_ request: HTTPClient.Request) async throws(HTTPClientError) -> HTTPClient.Response {
            guard request.timeout > .zero else { throw .timeout }
            let exchange = Exchange()
            let result = await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    exchange.continuation = continuation
                    if exchange.isCancelled { return exchange.end(.failure(.cancelled)) }
                    network.begin(request, exchange, host)
                    danger(request)
                }
            } onCancel: {
                exchange.isCancelled = true
                exchange.end(.failure(.cancelled))
            }
            danger(request)
            return try result.get()
        }
    }

    /// A caller that waits for its answer.
    final class Exchange: @unchecked Sendable {
        var continuation: UnsafeContinuation<Result<HTTPClient.Response, HTTPClientError>, Never>?
        var timeout: Scheduler.Event?
        var isCancelled = false

        func end(_ result: Result<HTTPClient.Response, HTTPClientError>) {
            timeout?.cancel()
            continuation?.resume(returning: result)
            continuation = nil
        }
    }

    private func begin(_ request: HTTPClient.Request, _ exchange: Exchange, _ host: Host) {
        let name = String(request.url.dropFirst("http://".count).prefix { $0 != "/" && $0 != ":" })
        guard let machine = machines[name] else {
            return exchange.end(.failure(.unreachable("no such host")))
        }
        exchange.timeout = scheduler.after(nanoseconds: request.timeout.nanoseconds, in: host) {
            exchange.end(.failure(.timeout))
        }
        guard machine.isListening else {
            // Refused at once, or not answered at all if the machine is gone too.
            let wait = machine.isUnplugged ? request.connectTimeout.nanoseconds : 1_000_000
            scheduler.after(nanoseconds: wait, in: host) { exchange.end(.failure(.unreachable("refused"))) }
            return
        }
        // The request arrives, or doesn't, or twice. A coupon that is given back is lost most of all: what
        // overtakes it has to wait.
        let isGivenBack = request.url.contains("/redemptions/") && request.url.hasSuffix("/release")
        let isHeldUp = request.url.hasSuffix("/commit") && scheduler.now < commitsLostUntil
        let isLost = isFaulty && (isHeldUp || scheduler.dice.happens(isGivenBack ? 400 : 30))
        let copies = isLost ? 0 : isFaulty && scheduler.dice.happens(40) ? 2 : 1
        let era = machine.era
        for _ in 0..<copies {
            scheduler.after(latency(machine)) { [self] in
                if machine.era == era { arrive(request, at: machine, exchange, host) }
            }
        }
        if copies == 0, scheduler.dice.happens(500) {
            scheduler.after(latency(machine), in: host) { exchange.end(.failure(.closed("reset"))) }
        }
    }

    private func arrive(
        _ request: HTTPClient.Request, at machine: Machine, _ exchange: Exchange, _ caller: Host
    ) {
        guard let process = machine.process, machine.isListening else {
            scheduler.after(latency(machine), in: caller) { exchange.end(.failure(.closed("reset"))) }
            return
        }
        let number = process.begin { [self] in
            // The process has died: its machine resets the connection, or nothing answers.
            guard scheduler.dice.happens(700) else { return }
            scheduler.after(latency(machine), in: caller) {
                exchange.end(.failure(.closed("the process died")))
            }
        }
        scheduler.after(0, in: process.host) { [self] in
            Task {
                let response = await process.respond(to: request)
                process.end(number)
                guard process.host.isAlive else { return }
                answer(response, to: request, of: machine, exchange, caller)
            }
        }
    }

    private func answer(
        _ response: HTTPClient.Response, to request: HTTPClient.Request, of machine: Machine,
        _ exchange: Exchange,
        _ caller: Host
    ) {
        trace.note {
            "\(machine.name): \(request.method) \(Trace.path(request)) \(Trace.text(request.body)) "
                + "→ \(response.status) \(Trace.text(response.body))"
        }
        scheduler.note(UInt64(response.status))
        scheduler.note(response.body)
        machine.observe(request, response)
        if isFaulty, scheduler.dice.happens(30) { return }
        let garbled = isFaulty && scheduler.dice.happens(15) ? scheduler.dice.below(3) : nil
        let era = machine.era
        scheduler.after(latency(machine), in: caller) {
            guard machine.era == era else { return }
            switch garbled {
            case nil: exchange.end(.success(response))
            case 0: exchange.end(.failure(.garbage("not HTTP")))
            case 1:
                exchange.end(.success(HTTPClient.Response(status: 200, body: Array("{\"hello\": 1}".utf8))))
            default: exchange.end(.success(HTTPClient.Response(status: 502, body: Array("bad gateway".utf8))))
            }
        }
    }

    /// Milliseconds.
    private func latency(_ machine: Machine) -> Int64 {
        guard isFaulty else { return scheduler.dice.from(1, 8) }
        if machine.isSlow { return scheduler.dice.from(300, 4000) }
        if scheduler.dice.happens(40) { return scheduler.dice.from(100, 3000) }
        if scheduler.dice.happens(8) { return scheduler.dice.from(3000, 40_000) }
        return scheduler.dice.from(1, 12)
    }
}

/// A log of events, kept only when a seed is run again to be read.
final class Trace: @unchecked Sendable {
    private(set) var lines: [String] = []
    private let isKept: Bool

    init(isKept: Bool) { self.isKept = isKept }

    func note(_ text: () -> String) {
        if isKept { lines.append("\(Scheduler.shared.now / 1_000_000) ms  \(text())") }
    }

    /// The lines with one of these words, and those about no order.
    func about(_ words: [String]) -> [String] {
        lines.filter { line in words.contains { line.contains($0) } || line.contains("ms  *") }
    }

    static func path(_ request: HTTPClient.Request) -> String {
        String(request.url.dropFirst("http://".count).drop { $0 != "/" })
    }

    static func text(_ body: [UInt8]?) -> String {
        body.map { String(decoding: $0.prefix(600), as: UTF8.self) } ?? ""
    }
}
