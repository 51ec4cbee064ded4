import Contracts
import Foundation
import Resilience
import TestSupport
import Testing
import Transport

@Suite("What an injected fault does to a request", .timeLimit(.minutes(10)))
struct FaultTests {
    static let phases = Fault.Phase.allCases

    @Test(
        "an error is answered as a problem that says it was injected; after the work, the work is done",
        arguments: phases)
    func error(when: Fault.Phase) async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "error", when: when.rawValue))
            let answer = try await service.post("/finish")
            #expect(answer.status == 500 && answer.problem?.code == "injected-fault" && answer.isInjected)
            #expect(answer.problem?.instance == "/finish")
            #expect(try await service.notes == (when == .after ? 1 : 0))
            try await service.set(FaultRequest(kind: "error", when: when.rawValue, status: 429))
            #expect(try await service.post("/finish").status == 429)
        }
    }

    @Test(
        "an abort closes the connection without a byte of an answer, and no other connection",
        arguments: phases)
    func abort(when: Fault.Phase) async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(route: "POST /finish", kind: "abort", when: when.rawValue))
            await #expect {
                try await service.post("/finish")
            } throws: { error in
                if case .closed = error as? HTTPClientError { true } else { false }
            }
            #expect(try await service.notes == (when == .after ? 1 : 0))
            #expect(try await service.get("/queue").status == 200)
            try await service.until { $0.running == 0 }
        }
    }

    @Test(
        "garbage looks like a success, is never the contract's, and not always the same", arguments: phases)
    func garbage(when: Fault.Phase) async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "garbage", when: when.rawValue, seed: 1))
            var bodies: Set<Data> = []
            for _ in 0..<60 {
                let answer = try await service.post("/finish")
                #expect(
                    answer.status == 200 && answer.header("Content-Type") == "application/json"
                        && answer.isInjected)
                #expect((try? answer.decode([String: Bool].self)) != ["done": true])
                bodies.insert(answer.body)
            }
            #expect(bodies.count > 5)
            #expect(try await service.notes == (when == .after ? 60 : 0))
        }
    }

    @Test("a latency delays the request, and then it goes on", arguments: phases)
    func latency(when: Fault.Phase) async throws {
        let time = ManualTime()
        try await withFaults(time: time.source) { service in
            try await service.set(FaultRequest(kind: "latency", milliseconds: 2000, when: when.rawValue))
            let work = service.work()
            await time.sleepers(1)
            #expect(try await service.notes == (when == .after ? 1 : 0))
            time.advance(by: .seconds(2))
            let answer = try await work.value
            #expect(answer.status == 201 && answer.isInjected)
            #expect(try await service.notes == 1)
        }
    }

    @Test("a fault with a delay that is no latency delays first, and then bites")
    func delayedError() async throws {
        let time = ManualTime()
        try await withFaults(time: time.source) { service in
            try await service.set(FaultRequest(kind: "error", milliseconds: 500, status: 502))
            let work = service.work()
            await time.sleepers(1)
            time.advance(by: .milliseconds(500))
            #expect(try await work.value.status == 502)
        }
    }

    @Test(
        "a black hole holds a request until its client leaves, however much of a body it sent",
        arguments: [(Fault.Phase.before, 2), (.before, 250_000), (.after, 2), (.after, 250_000)])
    func blackHole(when: Fault.Phase, bytes: Int) async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "black-hole", when: when.rawValue))
            let work = service.work(bytes: bytes)
            try await service.until { $0.running == 1 }
            if when == .after { try await eventually { try await service.notes > 0 } }
            work.cancel()
            await #expect(throws: HTTPClientError.cancelled) { try await work.value }
            try await service.until { $0.running == 0 }
            #expect(try await service.notes == (when == .after ? 1 : 0))
        }
    }

    @Test("a service that is stopped ends black holes without an answer", arguments: phases)
    func stopping(when: Fault.Phase) async throws {
        let work = try await withFaults { service in
            try await service.set(FaultRequest(kind: "black-hole", when: when.rawValue))
            let work = service.work()
            try await service.until { $0.running == 1 }
            return work
        }
        await #expect(throws: HTTPClientError.self) { try await work.value }
    }

    @Test("a service that is stopped ends delays, and the requests are finished")
    func stoppingDelays() async throws {
        let time = ManualTime()
        let work = try await withFaults(time: time.source) { service in
            try await service.set(FaultRequest(kind: "latency", milliseconds: 3_600_000))
            let work = service.work()
            await time.sleepers(1)
            return work
        }
        let answer = try await work.value
        #expect(answer.status == 201 && answer.isInjected)
    }

    @Test(
        "a fault bites before everything else of a request, its token included, or after it",
        arguments: phases)
    func token(when: Fault.Phase) async throws {
        try await withFaults { service in
            #expect(try await service.post("/help", token: nil).status == 401)
            try await service.set(FaultRequest(kind: "error", when: when.rawValue))
            #expect(try await service.post("/help", token: nil).status == 500)
        }
    }
}
