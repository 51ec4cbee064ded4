import Contracts
import Foundation
import StackView
import Transport

/// The fault of one service: injected, proven and rolled back.
struct InjectedFault: Sendable {
    /// A route that every fault of a service affects.
    private static let probed = "/queue"

    let service: ServiceName
    let kind: DrillFault
    let stack: DrillStack
    let seed: UInt64
    /// Seconds after which an injected fault ends by itself, should the drill be killed.
    let expiresAfter: Double

    func begin() async throws {
        let target = try stack.service(service)
        switch kind {
        case .killed: try await signal(SIGKILL, target.process, until: .gone)
        case .frozen: try await signal(SIGSTOP, target.process, until: .stopped)
        case .slow, .errors, .garbage, .blackHoled:
            try await stack.faults.set(
                [kind.request(seed: seed, expiresAfter: expiresAfter)].compactMap(\.self), on: target)
        }
    }

    private func signal(_ signal: Int32, _ process: ProcessIdentity, until wanted: ProcessIdentity.Activity)
        async throws
    {
        process.send(signal)
        guard await process.waitUntil({ $0 == wanted }) else {
            throw Failure("\(service) is still there after signal \(signal)")
        }
    }

    /// Evidence that the fault is effective.
    ///
    /// - Throws: ``Failure`` if it isn't.
    func proof() async throws -> String {
        switch kind {
        case .killed: try await refusal()
        case .frozen: try await silence("/livez")
        case .blackHoled: try await counted(silence(Self.probed))
        case .slow, .errors, .garbage: try await counted(injected())
        }
    }

    /// Returns once the service is ready again. Idempotent.
    func end() async throws {
        let target = try stack.service(service)
        switch kind {
        case .killed: try await stack.start(service)
        case .frozen:
            target.process.send(SIGCONT)
            try await stack.launch.waitUntilReady([.init(service: target, logStart: 0)])
        case .slow, .errors, .garbage, .blackHoled: try await stack.faults.clear(target)
        }
    }

    private func refusal() async throws -> String {
        do {
            _ = try await ask("/livez", .seconds(1))
        } catch .unreachable {
            return "\(service): connection refused"
        } catch {}
        throw Failure("\(service) was killed, yet takes connections")
    }

    private func silence(_ path: String) async throws -> String {
        do {
            _ = try await ask(path, .milliseconds(500))
        } catch .timeout {
            return "\(service): GET \(path) isn't answered"
        } catch {}
        throw Failure("\(kind.words(service.rawValue)), yet GET \(path) is answered")
    }

    /// Asks until an answer has the header of an injected fault; a fault with a percentage may take several.
    private func injected() async throws -> String {
        for _ in 0..<50 {
            let begin = ContinuousClock.now
            guard let answer = try? await ask(Self.probed, .seconds(4)),
                answer.header("csp-fault") == "injected"
            else {
                continue
            }
            let time = Terminal.milliseconds(ContinuousClock.now - begin)
            return
                """
                \(service): GET \(Self.probed) answered \(answer.status) after \(time) \
                with csp-fault: injected
                """
        }
        throw Failure(
            "\(kind.words(service.rawValue)), yet no answer to GET \(Self.probed) says csp-fault: injected")
    }

    private func counted(_ seen: String) async throws -> String {
        let entries = try await stack.faults.status(stack.service(service)).faults
        let count = entries.reduce(0) { $0 + $1.injected }
        guard count > 0 else {
            throw Failure("\(kind.words(service.rawValue)), yet GET /faults counts none injected")
        }
        return "\(seen), \(count) injected so far"
    }

    private func ask(_ path: String, _ timeout: Duration) async throws(HTTPClientError) -> HTTPClient.Response
    {
        let url: String
        do { url = try stack.service(service).url } catch { throw .invalidRequest("\(error)") }
        return try await stack.client.send(.init(url: url + path, connectTimeout: timeout, timeout: timeout))
    }
}
