import TestSupport
import Testing

@testable import Resilience

@Suite("Single flight", .timeLimit(.minutes(10)))
struct SingleFlightTests {
    struct Broken: Error, Equatable { var number = 0 }
    typealias Flights = SingleFlight<String, Int, Broken>

    /// Work that a test ends, and that notices its cancellation.
    final class Gate: Sendable {
        let begun = Watched(0)
        let cancelled = Watched(0)
        let isOpen = Watched(false)

        func pass() async {
            begun.update { $0 += 1 }
            await withTaskCancellationHandler {
                await isOpen.until(evenIfCancelled: true) { $0 }
            } onCancel: {
                cancelled.update { $0 += 1 }
            }
        }
        func open() { isOpen.update { $0 = true } }
    }

    let time = ManualTime()
    let events = Recorded<PolicyEvent.Kind>()
    let gate = Gate()

    private func flights(_ maximum: Int = .max) throws -> Flights {
        let environment = PolicyEnvironment(
            name: "rules", time: time.source, report: { [events] in events.add($0.kind) })
        return try Flights(SingleFlightConfiguration(maximumFlights: maximum), environment: environment)
    }

    private func ask(
        _ flights: Flights, _ key: String = "a", deadline: Deadline? = nil, answer: Int = 1
    ) async -> Result<Int, CallFailure<Broken>> {
        do throws(CallFailure<Broken>) {
            let value = try await flights.run(key, context: CallContext(deadline: deadline)) {
                () async throws(Broken) in
                await gate.pass()
                if answer < 0 { throw Broken(number: answer) }
                return answer
            }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    /// Returns when so many wait.
    private func waiting(_ flights: Flights, _ count: Int) async throws {
        try await eventually { flights.inUse.callers == count }
    }

    @Test("callers of one key share one execution, others don't")
    func sharing() async throws {
        let flights = try flights()
        async let first = ask(flights, answer: 1)
        try await waiting(flights, 1)
        async let second = ask(flights, answer: 2)
        async let third = ask(flights, "b", answer: 3)
        try await waiting(flights, 3)
        #expect(flights.inUse.flights == 2)
        gate.open()
        let answers = await [first, second, third]
        #expect(answers == [.success(1), .success(1), .success(3)])
        #expect(gate.begun.value == 2)
        #expect(flights.inUse == (0, 0))
    }

    @Test("a failure goes to all callers, each classifies it alone, and the next call begins anew")
    func failure() async throws {
        let flights = try flights()
        async let first = ask(flights, answer: -1)
        try await waiting(flights, 1)
        async let second = ask(flights, answer: 2)
        try await waiting(flights, 2)
        gate.open()
        let answers = await [first, second]
        #expect(answers == Array(repeating: .failure(.failed(Broken(number: -1), .transient)), count: 2))
        #expect(await ask(flights, answer: 5) == .success(5))
        #expect(gate.begun.value == 2)
        #expect(events.all.isEmpty)
    }

    @Test("a cancelled caller leaves at once, even the one that began, and the others get their answer")
    func leaving() async throws {
        let flights = try flights()
        let first = Task { await ask(flights, answer: 1) }
        try await waiting(flights, 1)
        let second = Task { await ask(flights, answer: 2) }
        try await waiting(flights, 2)
        first.cancel()
        #expect(await first.value == .failure(.rejected(.cancelled)))
        #expect(gate.cancelled.value == 0)
        gate.open()
        #expect(await second.value == .success(1))
        #expect(events.all == [.rejected(.cancelled)])
    }

    @Test("when the last caller leaves the work is cancelled, and a new caller begins new work at once")
    func abandoned() async throws {
        let flights = try flights()
        let callers = (0..<3).map { _ in Task { await ask(flights, answer: 1) } }
        try await waiting(flights, 3)
        await gate.begun.until { $0 == 1 }
        for caller in callers { caller.cancel() }
        for caller in callers { #expect(await caller.value == .failure(.rejected(.cancelled))) }
        await gate.cancelled.until { $0 == 1 }
        #expect(flights.inUse == (1, 0))
        async let late = ask(flights, answer: 9)
        await gate.begun.until { $0 == 2 }
        gate.open()
        #expect(await late == .success(9))
    }

    @Test("a caller leaves at its own deadline; one with more time still gets the answer")
    func deadlines() async throws {
        let flights = try flights()
        let soon = Deadline.after(.milliseconds(100), from: time.source.now())
        async let hurried = ask(flights, deadline: soon)
        try await waiting(flights, 1)
        async let lasting = ask(flights, deadline: .after(.seconds(9), from: time.source.now()))
        try await waiting(flights, 2)
        await time.sleepers(2)
        time.advance(by: .milliseconds(100))
        #expect(await hurried == .failure(.rejected(.deadlineExceeded)))
        gate.open()
        #expect(await lasting == .success(1))
        #expect(await ask(flights, deadline: soon) == .failure(.rejected(.deadlineExceeded)))
    }

    @Test("the work has its first caller's task-locals except the deadline")
    func context() async throws {
        let flights = try SingleFlight<String, String, Broken>()
        let answer = try await Trace.$id.withValue("t1") {
            try await Deadline.withEarlier(.after(.seconds(3600))) {
                try await flights.run("a") { () async throws(Broken) in
                    "\(Trace.id) \(Deadline.current == nil)"
                }
            }
        }
        #expect(answer == "t1 true")
    }

    @Test(
        "more works than allowed are refused, those without waiting callers included; joining is free")
    func bound() async throws {
        let flights = try flights(1)
        let first = Task { await ask(flights) }
        try await waiting(flights, 1)
        #expect(await ask(flights, "b") == .failure(.rejected(.bulkheadFull)))
        first.cancel()
        _ = await first.value
        #expect(await ask(flights, "b") == .failure(.rejected(.bulkheadFull)))
        try flights.reconfigure(SingleFlightConfiguration(maximumFlights: 2))
        async let second = ask(flights, "b")
        try await waiting(flights, 1)
        async let third = ask(flights, "b")
        try await waiting(flights, 2)
        gate.open()
        #expect(await [second, third] == [.success(1), .success(1)])
        #expect(throws: InvalidConfiguration.self) { try flights.reconfigure(.init(maximumFlights: 0)) }
    }

    @Test("a task that is cancelled already begins nothing")
    func cancelledBefore() async throws {
        let flights = try flights()
        let caller = Task {
            while !Task.isCancelled { await Task.yield() }
            return await ask(flights)
        }
        caller.cancel()
        #expect(await caller.value == .failure(.rejected(.cancelled)))
        #expect(gate.begun.value == 0)
    }

    @Test("a cancellation just before the caller has joined is not lost")
    func cancelledWhileJoining() async throws {
        let flights = try flights()
        let caller = Task {
            while !Task.isCancelled { await Task.yield() }
            // Past the check for a cancelled task.
            return await flights.outcome("a", CallContext(deadline: nil)) { () async throws(Broken) in
                await gate.pass()
                return 1
            }
        }
        caller.cancel()
        guard case .left(.cancelled) = await caller.value else {
            Issue.record("stayed")
            return
        }
        await gate.cancelled.until { $0 == 1 }
        gate.open()
    }

    @Test("many callers that come and go at random leave nothing behind")
    func storm() async throws {
        let flights = try SingleFlight<Int, Int, Broken>()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<2_000 {
                group.addTask {
                    let caller = Task {
                        try await flights.run(number % 5) { () async throws(Broken) in
                            for _ in 0..<(number % 7) { await Task.yield() }
                            return number % 5
                        }
                    }
                    if number % 3 == 0 { caller.cancel() }
                    if case .success(let value) = await caller.result { #expect(value == number % 5) }
                }
            }
        }
        try await eventually { flights.inUse.flights == 0 }
        #expect(flights.inUse == (0, 0))
    }
}

private enum Trace {
    @TaskLocal static var id = "none"
}
