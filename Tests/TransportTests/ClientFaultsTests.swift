import Contracts
import Foundation
import Resilience
import ServingPath
import TestSupport
import Testing
import Transport

@Suite("Faults on the way to a dependency", .timeLimit(.minutes(10)))
struct ClientFaultsTests {
    private static let body = #"{"id":"1"}"#
    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    private struct Thing: Decodable { var id: String }

    /// How a call ends, and which requests the dependency saw.
    private func outcome(
        of fault: Fault, _ path: String = "/things/1", priority: Priority = .normal,
        time: TimeSource = .system,
        allowance: Duration = .seconds(20)
    ) async throws -> (reason: Unavailability.Reason?, seen: Int, isReady: Bool) {
        let server = try MisbehavingServer(behaviour: .answer(Self.ok))
        defer { server.stop() }
        let http = HTTPClient()
        let faults = try ClientFaults([fault], environment: PolicyEnvironment(time: time))
        let client = ServiceClient(
            service: "things", baseURL: server.url, token: "t", http: http, faults: faults)
        var reason: Unavailability.Reason?
        do throws(CallError) {
            let context = CallContext(deadline: .after(allowance), priority: priority)
            let thing: Thing = try await client.call("GET", path, in: context)
            #expect(thing.id == "1")
        } catch {
            guard case .unavailable(let why) = error else { throw error }
            reason = why.reason
        }
        let seen = server.seen.requests.count
        return (reason, seen, await client.isReady(by: .after(allowance)))
    }

    @Test(
        "a fault ends a call as the real one would, and after it was sent the dependency has seen it",
        arguments: [
            (Fault(.error), Unavailability.Reason.serverError),
            (Fault(.error, status: 404), .unexpectedRefusal),
            (Fault(.abort), .connectionLost), (Fault(.garbage), .invalidAnswer),
        ], Fault.Phase.allCases)
    func kinds(_ given: (fault: Fault, reason: Unavailability.Reason), when: Fault.Phase) async throws {
        var fault = given.fault
        fault.when = when
        let outcome = try await outcome(of: fault)
        #expect(outcome.reason == given.reason)
        #expect(outcome.seen == (when == .after ? 1 : 0))
    }

    @Test("without a route it is for readiness checks too; with one, for that route only")
    func routes() async throws {
        #expect(try await !outcome(of: Fault(.error)).isReady)
        #expect(try await !outcome(of: Fault(.abort, route: "GET /readyz")).isReady)
        let bitten = try await outcome(of: Fault(.abort, route: "GET /things/{id}"), "/things/1?a=b")
        #expect(bitten.reason == .connectionLost && bitten.isReady)
        for other in ["POST /things/{id}", "GET /things", "GET /others/{id}", "GET /things/{id}/more"] {
            #expect(try await outcome(of: Fault(.abort, route: other)).reason == nil)
        }
    }

    @Test("with a priority it is for calls that have it in their header, and not for readiness checks")
    func priority() async throws {
        let fault = Fault(.abort, priority: Criticality.sheddablePlus.priority)
        let bitten = try await outcome(of: fault, priority: Criticality.sheddablePlus.priority)
        #expect(bitten.reason == .connectionLost && bitten.isReady)
        #expect(try await outcome(of: fault, priority: Criticality.criticalPlus.priority).reason == nil)
    }

    @Test(
        "a black hole ends with the call's time, and after the request was sent the dependency has seen it",
        arguments: Fault.Phase.allCases)
    func blackHole(when: Fault.Phase) async throws {
        let time = ManualTime()
        async let held = outcome(
            of: Fault(.blackHole, route: "GET /things/{id}", when: when), time: time.source)
        await time.sleepers(1)
        time.advance(by: .seconds(20))
        let ended = try await held
        #expect(ended.reason == .timeout && ended.isReady)
        #expect(ended.seen == (when == .after ? 1 : 0))
        #expect(try await !outcome(of: Fault(.blackHole), allowance: .milliseconds(100)).isReady)
    }

    @Test(
        "a latency delays the call; one that is longer than the call's time is a timeout",
        arguments: Fault.Phase.allCases)
    func latency(when: Fault.Phase) async throws {
        let time = ManualTime()
        for (delay, reason) in [(1, nil), (3000, Unavailability.Reason.timeout)] {
            let fault = Fault(.latency, route: "GET /things/{id}", delay: .seconds(delay), when: when)
            async let held = outcome(of: fault, time: time.source)
            await time.sleepers(1)
            time.advance(by: .seconds(min(delay, 20)))
            let ended = try await held
            #expect(ended.reason == reason)
            #expect(ended.seen == (when == .after || reason == nil ? 1 : 0))
        }
    }

    @Test("a call that is cancelled doesn't wait for a fault")
    func cancelled() async throws {
        let time = ManualTime()
        let call = Task {
            try await outcome(of: Fault(.blackHole, route: "GET /things/{id}"), time: time.source).reason
        }
        await time.sleepers(1)
        call.cancel()
        #expect(try await call.value == .cancelled)
    }
}
