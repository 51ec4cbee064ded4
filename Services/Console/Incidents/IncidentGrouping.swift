import Contracts

/// Which symptoms are one incident. One fault is one incident, whatever it sets off: what shows above the
/// service that broke belongs to that one's, by the path that the services declare.
struct IncidentGrouping {
    /// An incident that was resolved this long ago at most reopens when its cause fails again.
    static let reopening: Duration = .seconds(120)
    /// Late consequences, such as a queue that has to catch up, belong to an incident of the last minutes.
    static let consequences: Duration = .seconds(600)

    /// An incident lists as many kinds of symptoms and alerts.
    private static let mostSymptoms = 100

    let observation: Observation
    /// Those that are open, and those that were resolved lately.
    private(set) var incidents: [Incident]
    /// Customers are told this now.
    let sentence: String
    /// Faults, starts and settings of the last minutes, the newest last.
    let changes: [Incident.Entry]
    private let makeId: () -> String

    private var at: Timestamp { observation.at }

    init(
        _ observation: Observation, _ incidents: [Incident], sentence: String, changes: [Incident.Entry],
        makeId: @escaping () -> String
    ) {
        self.observation = observation
        self.incidents = incidents
        self.sentence = sentence
        self.changes = changes
        self.makeId = makeId
    }

    /// - Parameter alerts: which incidents alerts that still fire belong to.
    mutating func apply(alerts: Set<String> = []) throws {
        for item in observation.present.sorted(by: Self.isBefore) { try place(item) }
        let present = Set(observation.present.compactMap { home(of: $0.symptom) })
        let fading = Set(observation.fading.compactMap { home(of: $0.symptom) })
        for index in incidents.indices where incidents[index].status.isOpen {
            let id = incidents[index].id
            tellChanges(index)
            guard !present.contains(id), observation.isSettled else { continue }
            // Where the console has seen it itself, its own view decides; a bare alert lasts until it ends.
            let isOnlyAlerted = incidents[index].symptoms.allSatisfy { Symptom.Kind(rawValue: $0) == nil }
            if isOnlyAlerted, alerts.contains(id) || incidents[index].symptoms.isEmpty { continue }
            if incidents[index].status != .mitigated {
                try incidents[index].mitigate("its symptoms are gone", by: Incident.console, at: at)
            }
            if !fading.contains(id) {
                try incidents[index].resolve(
                    "nothing was seen of it for \(Detection.quiet.components.seconds) s",
                    by: Incident.console, at: at)
            }
        }
    }

    /// Opens an incident for what an alert says, or adds it to the one that it belongs to.
    /// - Returns: that one's id.
    mutating func place(alert symptom: Symptom, since: Timestamp) throws -> String {
        let by = Incident.alertmanager
        let item = Observation.Item(symptom, since)
        if let index = index(of: symptom) {
            note(item, in: index, by: by)
            return incidents[index].id
        }
        // It may come long after what it is about.
        let related = observation.graph.below(symptom.service).union([symptom.service])
        let late = incidents.lastIndex { incident in
            guard related.contains(incident.cause), let end = incident.resolvedAt else { return false }
            return incident.status == .resolved && since <= end.advanced(by: Self.consequences)
        }
        if let late {
            note(item, in: late, by: by)
            return incidents[late].id
        }
        return open(item, by: by)
    }

    /// An alert has ended.
    mutating func end(alert name: String, of id: String) {
        guard let index = incidents.firstIndex(where: { $0.id == id }) else { return }
        incidents[index].add(.alert, "\(name) has ended", by: Incident.alertmanager, at: at)
    }

    /// Alertmanager has left alerts out of what it sent, which is said once.
    mutating func note(leftOut count: Int, of id: String) {
        let text = "alerts that Alertmanager left out: \(count)"
        guard let index = incidents.firstIndex(where: { $0.id == id }),
            !incidents[index].timeline.contains(where: { $0.kind == .alert && $0.text == text })
        else { return }
        incidents[index].add(.alert, text, by: Incident.alertmanager, at: at)
    }

    /// Adds refused orders to the impact of the most urgent incident: those of this second, and to one that
    /// is new or open again those since it started to.
    mutating func count(_ refused: [Refusals.Count]) {
        let open = incidents.indices.filter { incidents[$0].status.isOpen }
        guard let first = mostUrgent(open) else { return }
        let since = begin(of: incidents[first])?.advanced(by: .seconds(-2)) ?? at
        incidents[first].impact.ordersRefused +=
            refused.filter { $0.at >= since }.map(\.orders).reduce(0, +)
    }

    /// Of one that opens or reopens now: when it was first seen.
    private func begin(of incident: Incident) -> Timestamp? {
        if incident.detectedAt == at { return incident.startedAt }
        guard incident.timeline.contains(where: { $0.kind == .reopened && $0.at == at }) else { return nil }
        return observation.present.filter { home(of: $0.symptom) == incident.id }.map(\.since).min()
    }

    mutating func escalate(_ escalation: Escalation) {
        for index in incidents.indices { escalation.apply(to: &incidents[index], at: at) }
    }

    // MARK: Placing

    /// What broke comes before what shows of it.
    private static func isBefore(_ left: Observation.Item, _ right: Observation.Item) -> Bool {
        if left.symptom.isEffect != right.symptom.isEffect { return !left.symptom.isEffect }
        return (left.since, left.symptom.name) < (right.since, right.symptom.name)
    }

    private mutating func place(_ item: Observation.Item) throws {
        let symptom = item.symptom
        if let index = index(of: symptom) {
            note(item, in: index, by: Incident.console)
            return try recurIfMitigated(index, symptom)
        }
        if let index = assumed(above: symptom) {
            incidents[index].cause = symptom.service
            incidents[index].isCauseAssumed = false
            incidents[index].title = symptom.text
            incidents[index].services = services(symptom.service)
            incidents[index].effect = observation.graph.effects[symptom.service] ?? [:]
            incidents[index].add(.cause, "the cause is \(symptom.service)", at: at)
            note(item, in: index, by: Incident.console)
            return try recurIfMitigated(index, symptom)
        }
        if let index = resolved(symptom, within: Self.reopening) {
            try incidents[index].reopen("\(symptom.text) again", at: at)
            return note(item, in: index, by: Incident.console)
        }
        if symptom.kind == .queueLagging, resolved(symptom, within: Self.consequences) != nil { return }
        _ = open(item, by: Incident.console)
    }

    private mutating func recurIfMitigated(_ index: Int, _ symptom: Symptom) throws {
        guard incidents[index].status == .mitigated else { return }
        try incidents[index].recur("\(symptom.text) again", at: at)
    }

    private func home(of symptom: Symptom) -> String? { index(of: symptom).map { incidents[$0].id } }

    /// The open incident that a symptom belongs to: an effect to that of what broke below, if there is one,
    /// everything else to that of the service that it points to.
    private func index(of symptom: Symptom) -> Int? {
        let open = incidents.indices.filter { incidents[$0].status.isOpen }
        let own = open.first { incidents[$0].cause == symptom.service }
        guard symptom.isEffect else { return own }
        let below = observation.graph.below(symptom.service)
        return mostUrgent(open.filter { below.contains(incidents[$0].cause) }) ?? own
    }

    private func mostUrgent(_ indices: [Int]) -> Int? {
        indices.min { left, right in
            (incidents[left].priority, incidents[left].startedAt)
                < (incidents[right].priority, incidents[right].startedAt)
        }
    }

    /// An incident that knows only where it showed, above what broke.
    private func assumed(above symptom: Symptom) -> Int? {
        guard !symptom.isEffect else { return nil }
        let above = observation.graph.above(symptom.service)
        return incidents.indices.first {
            incidents[$0].status.isOpen && incidents[$0].isCauseAssumed && above.contains(incidents[$0].cause)
        }
    }

    private func resolved(_ symptom: Symptom, within age: Duration) -> Int? {
        var causes: Set<String> = [symptom.service]
        if symptom.isEffect { causes.formUnion(observation.graph.below(symptom.service)) }
        return incidents.lastIndex { incident in
            guard incident.status == .resolved, let end = incident.resolvedAt else { return false }
            return causes.contains(incident.cause) && at <= end.advanced(by: age)
        }
    }

    private mutating func open(_ item: Observation.Item, by: String) -> String {
        let symptom = item.symptom
        var incident = Incident(
            id: makeId(), title: symptom.text, priority: symptom.priority, status: .detected,
            cause: symptom.service, isCauseAssumed: symptom.isEffect, detectedBy: by, startedAt: item.since,
            detectedAt: at, services: services(symptom.service))
        incident.effect = observation.graph.effects[symptom.service] ?? [:]
        // The change that was seen last before it, or just as it began.
        incident.lastChange = changes.last { $0.at <= item.since.advanced(by: .seconds(2)) }
        if let change = incident.lastChange { incident.timeline.append(change) }
        incident.add(.symptom, symptom.text, by: by, at: item.since)
        incident.symptoms = [symptom.name]
        incident.add(
            .detected, "detected: \(symptom.priority.rawValue), the cause is \(symptom.service)", by: by,
            at: at)
        if !sentence.isEmpty { incident.add(.customers, sentence, at: at) }
        incidents.append(incident)
        return incident.id
    }

    private mutating func note(_ item: Observation.Item, in index: Int, by: String) {
        let symptom = item.symptom
        let known = incidents[index].symptoms
        if !known.contains(symptom.name), known.count < Self.mostSymptoms {
            incidents[index].symptoms.append(symptom.name)
            incidents[index].add(symptom.kind == .alert ? .alert : .symptom, symptom.text, by: by, at: at)
        }
        if incidents[index].cause == symptom.service, !symptom.isEffect {
            incidents[index].isCauseAssumed = false
            // That it is dead says more than that calls to it fail, whichever was seen first.
            if symptom.kind == .serviceDown { incidents[index].title = symptom.text }
        }
        incidents[index].startedAt = min(incidents[index].startedAt, max(item.since, earliest(index)))
        guard symptom.priority < incidents[index].priority else { return }
        incidents[index].priority = symptom.priority
        incidents[index].add(.priority, "now \(symptom.priority.rawValue): \(symptom.text)", by: by, at: at)
    }

    /// An alert may say that it began long ago.
    private func earliest(_ index: Int) -> Timestamp {
        incidents[index].detectedAt.advanced(by: .seconds(-60))
    }

    private func services(_ cause: String) -> [String] {
        [cause] + observation.graph.above(cause).sorted()
    }

    /// What changed since the last entry, and what customers get now.
    private mutating func tellChanges(_ index: Int) {
        let incident = incidents[index]
        for change in changes where change.at > incident.detectedAt && !incident.timeline.contains(change) {
            incidents[index].add(change)
        }
        let told = incident.timeline.last { $0.kind == .customers }?.text
        if !sentence.isEmpty, told != sentence { incidents[index].add(.customers, sentence, at: at) }
    }
}
