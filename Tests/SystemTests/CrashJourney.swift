import Contracts
import Foundation
import Resilience
import TestSupport
import Testing
import Transport

/// Where a service can be killed.
struct CrashPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    var service: String
    /// `before commit placing`.
    var name: String

    static func < (one: Self, other: Self) -> Bool { (one.service, one.name) < (other.service, other.name) }
    var description: String { "\(service) \(name)" }
}

/// Walks customers along every path of a purchase while services are killed at named places and started
/// again.
struct CrashJourney: Sendable {
    let stack: SystemStack
    /// That of the stack's `up`.
    let environment: [String: String]
    /// `CRASH_AT=@…`: a file a service, with where to die.
    let plans: TemporaryFolder
    /// `CRASH_LIST`.
    let list: String

    /// Answers to those who only read are left out: nothing depends on them.
    private func passed() throws -> Set<CrashPlace> {
        let text = (try? String(contentsOfFile: list, encoding: .utf8)) ?? ""
        return Set(
            text.split(separator: "\n").map { line in
                let parts = line.split(separator: " ", maxSplits: 1)
                return CrashPlace(service: String(parts[0]), name: String(parts.last ?? ""))
            }
        ).filter { !$0.name.contains("answer GET") }
    }

    struct Run {
        /// How many services died.
        var deaths: Int
        /// Every place that was passed, by whatever service.
        var passed: Set<CrashPlace>
    }

    /// Kills at these places, one after the other for each service, while customers buy, and audits when all
    /// is drained.
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
            // What only the queue comes to is come to by now; who is still alive stays so.
            if deaths.value < places.count { try await stack.csp("audit", "--wait", "30", expecting: nil) }
            lines.cut()
            try await group.waitForAll()
        }
        for service in Set(places.map(\.service)) { try await restart(service, dyingAt: nil) }
        try await stack.csp("audit", "--wait", "30")
        return Run(deaths: deaths.value, passed: try passed())
    }

    /// It may be on its way to its next death already: then it never becomes ready.
    private func restart(_ service: String, dyingAt place: CrashPlace?) async throws {
        try plans.write(place?.name ?? "", to: service)
        try await stack.csp("kill", service, expecting: nil)
        try await stack.csp("start", service, expecting: place == nil ? 0 : nil)
    }
}

/// Lines that are cut together.
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
