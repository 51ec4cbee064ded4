import Contracts
import Foundation
import ServingPath
import StackView

/// The dashboard as lines of text for a terminal of that width, the most important first.
struct DashboardView {
    let dashboard: Dashboard
    let width: Int
    /// The folder or URL that is watched.
    let place: String
    /// The time zone of displayed times.
    let zone: TimeZone

    /// Whether there is room for less important columns.
    private var isWide: Bool { width >= 110 }

    /// - Parameter height: nil for no limit.
    func lines(height: Int? = nil) -> [StyledLine] {
        let blocks = [heading, orders, services, dependencies, shedding]
        var lines = Array(blocks.filter { !$0.isEmpty }.joined(separator: [StyledLine()]))
        // A low terminal shows events instead of blank lines.
        if let height, lines.count + 5 > height { lines = blocks.flatMap { $0 } }
        let room = height.map { max(0, $0 - lines.count - 2) } ?? 10
        lines += [StyledLine()] + events(room)
        return lines.prefix(height ?? .max).map { $0.truncated(to: width) }
    }

    private var heading: [StyledLine] {
        var line = StyledLine("csp watch", .bold)
        line.append("  \(place)")
        let time = clock(dashboard.at)
        line = line.truncated(to: width - time.count - 2)
        line.append(String(repeating: " ", count: max(2, width - line.count - time.count)) + time)
        return [line]
    }

    private var orders: [StyledLine] {
        var table = FigureTable([
            .left("ORDERS/S", 13), .right("CONFIRMED", 9), .right("ACCEPTED", 11), .right("REJECTED", 11),
            .right("CANCELLED", 12), .right("503", 7), .right("P50", 8), .right("P99", 8),
        ])
        let orders = dashboard.orders
        let rates = ["confirmed", "accepted", "rejected", "cancelled"].map { orders?.perSecond[$0] }
        let figures = (rates + [orders?.unservedPerSecond]).map(FigureText.rate) + latencies(orders?.latency)
        let answered = orders == nil ? unknown(sinceOf: .order) : FigureText.rate(orders?.answeredPerSecond)
        table.row([(answered, .plain)] + figures.map { ($0, .plain) })
        return table.lines
    }

    private var services: [StyledLine] {
        var table = FigureTable(
            [
                .left("SERVICE", 13), .left("STATE", 14), .right("PID", 7), .right("UP", 6),
                .right("REQ/S", 8),
                .right("P50", 8), .right("P99", 8), .right("QUEUE", 7), .right("OLDEST", 8),
            ]
                + (isWide
                    ? [.right("DEAD", 6), .right("AT WORK", 10), .right("WAITING", 9), .right("SHED/S", 8)]
                    : []))
        for service in dashboard.services {
            let shed = service.shedding.map { $0.shedPerSecond.values.reduce(0, +) }
            let figures =
                [FigureText.count(service.pid.map(Int.init)), FigureText.age(service.upSeconds)]
                + [FigureText.rate(service.requestsPerSecond)] + latencies(service.latency)
                + [
                    FigureText.count(service.queued), FigureText.age(service.oldestSeconds),
                    FigureText.count(service.deadLetters),
                    service.shedding.map { "\($0.inFlight)/\($0.limit)" } ?? FigureText.unknown,
                    FigureText.count(service.shedding?.waiting), FigureText.rate(shed),
                ]
            table.row(
                [(service.name.rawValue, .plain), (state(service), colour(service.state))]
                    + figures.map { ($0, .plain) })
        }
        return table.lines
    }

    private var dependencies: [StyledLine] {
        var table = FigureTable(
            [
                .left("ORDER ASKS", 13), .left("BREAKER", 14), .right("IN USE", 7), .right("OK/S", 7),
                .right("REFUSED", 8),
                .right("FAILED", 7), .right("NOT ASKED", 10), .right("P50", 7), .right("P99", 7),
            ] + (isWide ? [.right("", 2), .left("ROLE", 10), .left("LAST FAILURE", 20)] : []))
        for dependency in dashboard.dependencies {
            let calls = ["ok", "refused", "unavailable", "rejected"].map {
                FigureText.rate(dependency.callsPerSecond[$0])
            }
            let use = dependency.inUse.flatMap { inUse in dependency.limit.map { "\(inUse)/\($0)" } }
            let figures = [use ?? FigureText.unknown] + calls + latencies(dependency.latency)
            let failure = dependency.lastFailure.map {
                let seconds = $0.at.seconds(to: dashboard.at)
                return "\($0.reason), \(FigureText.age(seconds)) ago"
            }
            table.row(
                [(dependency.name, .plain), (breaker(dependency), colour(breaker: dependency.breaker))]
                    + (figures + ["", dependency.role.rawValue, failure ?? FigureText.unknown]).map {
                        ($0, .plain)
                    })
        }
        return table.lines
    }

    private var shedding: [StyledLine] {
        let classes = Criticality.allCases.reversed().map(\.rawValue)
        var table = FigureTable(
            [.left("SHED/S", 13)] + classes.map { .right($0.uppercased(), $0.count + 2) } + [.right("429", 7)]
        )
        // Without the figures of order, which customers meet first, the sum is meaningless.
        let isKnown = dashboard.services.contains { $0.name == .order && $0.shedding != nil }
        let shedders = isKnown ? dashboard.services.compactMap(\.shedding) : []
        let rates = classes.map { name in
            shedders.isEmpty ? nil : shedders.reduce(0) { $0 + ($1.shedPerSecond[name] ?? 0) }
        }
        let limited = shedders.isEmpty ? nil : shedders.reduce(0) { $0 + $1.rateLimitedPerSecond }
        table.row(([""] + (rates + [limited]).map(FigureText.rate)).map { ($0, .plain) })
        return table.lines
    }

    private func events(_ room: Int) -> [StyledLine] {
        let shown = dashboard.events.prefix(room).map { event in
            var line = StyledLine("\(clock(event.at))  ")
            line.append(Terminal.column(subject(event), isWide ? 32 : 15))
            line.append(event.words, event.kind == .worse ? .yellow : .green)
            if event.count > 1 { line.append("  ×\(event.count)") }
            return line
        }
        return [StyledLine("LATELY", .bold)] + (shown.isEmpty ? [quiet] : shown)
    }

    /// Shown while there is no event.
    private var quiet: StyledLine {
        let down = dashboard.services.filter { !$0.state.isUp }.map { "\($0.name) is \($0.state.words)" }
        guard !down.isEmpty else { return StyledLine("nothing out of the ordinary") }
        return StyledLine("no news, but \(down.joined(separator: ", "))", .yellow)
    }
}
