import Contracts
import Foundation
import Resilience
import TestSupport
import Testing
import Transport

/// A named place at which a service can be killed.
struct CrashPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    var service: String
    /// `before commit placing`.
    var name: String

    static func < (one: Self, other: Self) -> Bool { (one.service, one.name) < (other.service, other.name) }
    var description: String { "\(service) \(name)" }
}

/// Sends customers along every path of a purchase while services are killed at named places and restarted.
struct CrashJourney: Sendable {
    let stack: SystemStack
    /// The environment of the stack's `up`.
    let environment: [String: String]
    /// `CRASH_AT=@…`: one file a service, with the place to die at.
    let plans: TemporaryFolder
    /// `CRASH_LIST`.
    let list: String

    /// Without answers to GET, on which nothing depends, and without the console, which no purchase passes
    /// and which writes what it sees by the clock.
    private func passed() throws -> Set<CrashPlace> {
        let text = (try? String(contentsOfFile: list, encoding: .utf8)) ?? ""
        return Set(
            text.split(separator: "\n").map { line in
                let parts = line.split(separator: " ", maxSplits: 1)
                return CrashPlace(service: String(parts[0]), name: String(parts.last ?? ""))
            }
        ).filter { !$0.name.contains("answer GET") && $0.service != "console" }
    }

    struct Run {
        /// How many services died.
        var deaths: Int
        /// Every place that any service passed.
        var passed: Set<CrashPlace>
    }

    /// Kills at these places, one after the other for each service, while customers buy; audits once the
    /// queues are empty.
    func run(dyingAt places: [CrashPlace], round: String) async throws -> Run {
        try? FileManager.default.removeItem(atPath: list)
        let journey = CustomerJourney(stack: stack, round: round)
        let deaths = Watched(0)
        let lines = Heartlines()
        for place in Set(places.map(\.service)) {
            try await restart(place, dyingAt: places.first { $0.service == place })
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for service in Set(places.map(\.service)) {
                group.addTask {
                    let own = places.filter { $0.service == service }
                    for next in own.dropFirst().map(Optional.some) + [nil] {
                        let line = Heartline(port: try stack.port(service))
                        lines.add(line)
                        guard await line.untilDead() else { return }
                        deaths.update { $0 += 1 }
                        try await restart(service, dyingAt: next)
                    }
                }
            }
            try await journey.all()
            // By now the queue has passed its places; a service that is still alive will not die.
            if deaths.value < places.count { try await stack.csp("audit", "--wait", "30", expecting: nil) }
            lines.cut()
            try await group.waitForAll()
        }
        for service in Set(places.map(\.service)) { try await restart(service, dyingAt: nil) }
        try await stack.csp("audit", "--wait", "30")
        return Run(deaths: deaths.value, passed: try passed())
    }

    /// The service may die again before it becomes ready.
    private func restart(_ service: String, dyingAt place: CrashPlace?) async throws {
        try plans.write(place?.name ?? "", to: service)
        try await stack.csp("kill", service, expecting: nil)
        try await stack.csp("start", service, expecting: place == nil ? 0 : nil)
    }
}

/// Lines that are closed together.
private final class Heartlines: Sendable {
    private struct State {
        var lines: [Heartline] = []
        var isCut = false
    }
    private let state = Locked(State())

    func add(_ line: Heartline) {
        let isCut = state.withLock { state in
            state.lines.append(line)
            return state.isCut
        }
        if isCut { line.cut() }
    }

    func cut() {
        let lines = state.withLock { state in
            state.isCut = true
            return state.lines
        }
        for line in lines { line.cut() }
    }
}
