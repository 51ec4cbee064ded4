import Contracts

extension Dashboard {
    /// Changes of services and breakers since the previous dashboard; none for the first.
    package func changes(since before: Dashboard?) -> [WatchEvent] {
        guard let before else { return [] }
        var changes: [WatchEvent] = []
        for service in services {
            guard let earlier = before.services.first(where: { $0.name == service.name }) else { continue }
            changes += Self.changes(of: service, since: earlier, at: at)
        }
        for dependency in dependencies {
            guard
                let earlier = before.dependencies.first(where: {
                    $0.name == dependency.name && $0.from == dependency.from
                }),
                earlier.breaker != dependency.breaker, dependency.breaker != Dependency.unknown
            else { continue }
            // It counts as closed before its caller fell silent.
            if earlier.breaker == Dependency.unknown, dependency.breaker == "closed" { continue }
            // Probes of an open breaker are no event until one succeeds.
            if dependency.breaker == "half-open"
                || (earlier.breaker == "half-open" && dependency.breaker == "open")
            {
                continue
            }
            let isClosed = dependency.breaker == "closed"
            changes.append(
                WatchEvent(
                    at: at, subject: dependency.from.rawValue,
                    words: isClosed
                        ? "asks \(dependency.name) again" : "does without \(dependency.name): breaker open",
                    kind: isClosed ? .better : .worse))
        }
        return changes
    }

    private static func changes(of service: Service, since before: Service, at: Timestamp) -> [WatchEvent] {
        func told(_ words: String, _ kind: WatchEvent.Kind) -> WatchEvent {
            WatchEvent(at: at, subject: service.name.rawValue, words: words, kind: kind)
        }
        var changes: [WatchEvent] = []
        // The breakers tell ready from degraded.
        let (was, now) = (before.state.isUp, service.state.isUp)
        if now, !was { changes.append(told("is ready", .better)) }
        if !now, service.state != before.state { changes.append(told("is \(service.state.words)", .worse)) }
        switch (before.isShedding, service.isShedding) {
        case (false, true): changes.append(told("is asked for more than it can do, and sheds", .worse))
        // A silent service may still shed.
        case (true, false) where service.shedding != nil:
            changes.append(told("sheds nothing any more", .better))
        default: break
        }
        if let dead = service.deadLetters, let earlier = before.deadLetters, dead > earlier {
            changes.append(told("gave up on \(dead - earlier) messages: csp audit names them", .worse))
        }
        return changes
    }
}

extension Dashboard.Condition {
    package var words: String { self == .silent ? "not answering" : rawValue }
}
