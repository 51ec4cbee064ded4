import Contracts
import Foundation
import TestSupport
import Testing

/// Nothing is lost or duplicated however services die, by the clients' history and the services' answers.
@Suite("Random kills under load", .timeLimit(.minutes(20)), .serialized)
struct KillRoundsTests {
    /// Ten, or `KILL_ROUNDS`.
    private static let rounds = ProcessInfo.processInfo.environment["KILL_ROUNDS"].flatMap(Int.init) ?? 10
    private static let roundLength = Duration.milliseconds(2_200)

    /// One service's death in a round: when, and for how long.
    private struct Fault {
        var service: String
        var begin: Duration
        var length: Duration
    }

    @Test("whatever is killed and restarted under load, no order is lost, duplicated or invented")
    func rounds() async throws {
        var random = SeededRandomSource("\(Self.rounds) rounds of random kills")
        let plan = Self.plan(&random)
        let seed = "\(random.seed)"
        try await withSystemStack { stack in
            let history = "\(stack.folder.path)/history.jsonl"
            let sending = Self.roundLength * Self.rounds
            async let load = stack.csp(
                "load", "--rate", "50", "--coupon-share", "30", "--duration",
                "\(sending / .milliseconds(1))ms", "--seed", seed,
                "--timeout", "300s",
                "--history", history, "--json", expecting: nil)
            while try await stack.get("order", "/orders?limit=1", as: Page<OrderDocument>.self).items.isEmpty
            {}
            let begin = ContinuousClock.now
            for (number, faults) in plan.enumerated() {
                // The schedule of the faults is the experiment; this wait synchronises with nothing.
                try await Task.sleep(until: begin + Self.roundLength * number, clock: .continuous)
                print(
                    """
                    round \(number + 1): \
                    \(faults.map { "\($0.service) at \($0.begin) for \($0.length)" }.joined(separator: ", "))
                    """)
                try await self.round(faults, on: stack)
            }
            let restarted = ContinuousClock.now
            let loaded = try await load
            let left = max(.zero, .seconds(300) - (ContinuousClock.now - restarted))
            let audit = try await stack.csp(
                "audit", "--wait", "\(left / .milliseconds(1))ms", "--history", history, expecting: nil)
            print(
                """
                \(loaded.output)\(audit.output)terminal and drained \(ContinuousClock.now - restarted) after \
                the last restart
                """)
            #expect(loaded.status == 0, "CSP_SEED=\(seed)\n\(loaded.output)\(loaded.errors)")
            #expect(audit.status == 0, "CSP_SEED=\(seed)\n\(audit.output)\(audit.errors)")
            if audit.status != 0 { try await Self.tell(audit.output, on: stack) }
        }
    }

    /// In each round one or two services die within the first half second, for up to a second. Services are
    /// drawn without replacement, so that each dies within five rounds.
    private static func plan(_ random: inout SeededRandomSource) -> [[Fault]] {
        var cards: [String] = []
        return (0..<rounds).map { _ in
            let first = deal(&cards, &random)
            let second = random.upTo(2) == 0 ? nil : deal(&cards, &random)
            return Set([first, second].compactMap { $0 }).sorted().map {
                Fault(
                    service: $0, begin: .milliseconds(random.upTo(500)),
                    length: .milliseconds(50 + random.upTo(1_000)))
            }
        }
    }

    private static func deal(_ cards: inout [String], _ random: inout SeededRandomSource) -> String {
        if cards.isEmpty { cards = ServiceName.allCases.map(\.rawValue).shuffled(using: &random) }
        return cards.removeLast()
    }

    private func round(_ faults: [Fault], on stack: SystemStack) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for fault in faults {
                group.addTask {
                    try await Task.sleep(for: fault.begin)
                    try await stack.csp("kill", fault.service)
                    try await Task.sleep(for: fault.length)
                    try await stack.csp("start", fault.service)
                }
            }
        }
    }

    /// Prints the timelines of the first orders that a failed audit names, and the end of each log.
    private static func tell(_ audit: String, on stack: SystemStack) async throws {
        for id in Set(audit.matches(of: /ord_[0-9A-Z]{26}/).map { String($0.output) }).sorted().prefix(10) {
            let order: OrderDocument = try await stack.get("order", "/orders/\(id)")
            print("\(id) of \(order.customerId) is \(order.status)")
            let story: Page<TimelineEntry> = try await stack.get("order", "/orders/\(id)/timeline")
            for entry in story.items { print("  \(entry.at) \(entry.step) \(entry.outcome) \(entry.detail)") }
        }
        for service in ServiceName.allCases {
            let log = try String(contentsOfFile: "\(stack.folder.path)/logs/\(service).log", encoding: .utf8)
            print(log.split(separator: "\n").suffix(10).joined(separator: "\n"))
        }
    }
}
