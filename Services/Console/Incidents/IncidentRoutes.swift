import Contracts
import Foundation
import HTTPTypes
import Runtime
import ServingPath
import Transport

/// Incidents as JSON, what people do with them, and Alertmanager's webhook.
struct IncidentRoutes: Sendable {
    let watch: IncidentWatch
    /// Whether the caller may change anything.
    let control: ControlRoutes
    let wall: @Sendable () -> Timestamp

    private var store: IncidentStore { watch.store }

    private struct NewIncident: Decodable {
        var title: String
        var priority: Incident.Priority
        var services: [String]?
        var by: String?
    }

    /// What comes with every action; all of it may be left out.
    struct Remark: Decodable {
        var text: String?
        var by: String?

        var author: String { by ?? Incident.unnamed }
    }

    private struct NewAction: Decodable {
        var text: String
        var owner: String
        var due: String
        var by: String?
    }

    var routes: [Route] {
        [
            .get("/api/incidents", query: .checked) { try await list($0) },
            .post("/api/incidents", .critical) { try await open($0) },
            .get("/api/incidents/metrics", query: .checked) { try await metrics($0) },
            .get("/api/incidents/{id}") { call in .json(200, encoded: try await JSON.encode(incident(call)))
            },
            .get("/api/incidents/{id}/postmortem.md", query: .checked) { try await postmortem($0) },
            .post("/api/incidents/{id}/acknowledge", .critical) { call in
                try await change(call) { try $0.acknowledge(by: $1.author, at: $2) }
            },
            .post("/api/incidents/{id}/mitigate", .critical) { call in
                try await change(call) { try $0.mitigate($1.text, by: $1.author, at: $2) }
            },
            .post("/api/incidents/{id}/resolve", .critical) { call in
                try await change(call) { try $0.resolve($1.text, by: $1.author, at: $2) }
            },
            .post("/api/incidents/{id}/review", .critical) { call in
                try await change(call) { try $0.review(by: $1.author, at: $2) }
            },
            .post("/api/incidents/{id}/escalate", .critical) { call in
                try await change(call) { [escalation = store.escalation] incident, remark, now in
                    guard incident.status.isOpen, incident.level < escalation.onCall.levels.count else {
                        throw Self.noHigher
                    }
                    escalation.escalate(
                        &incident, remark.text ?? "asked for", by: remark.author, isForImpact: false, at: now)
                }
            },
            .post("/api/incidents/{id}/note", .critical) { call in
                try await change(call, needsText: true) {
                    $0.add(.note, $1.text ?? "", by: $1.author, at: $2)
                }
            },
            .post("/api/incidents/{id}/actions", .critical) { try await addAction($0) },
            .post("/api/incidents/{id}/actions/{action}/close", .critical) { try await closeAction($0) },
            .post("/api/alerts", .critical) { try await receive($0) },
        ]
    }

    private func list(_ call: Call) async throws -> Answer {
        try await call.list(filters: ["status"]) { check in
            store.list(status: call.query("status", as: Incident.Status.self, &check))
        }
    }

    private func incident(_ call: Call) async throws -> Incident {
        let id = try call.id("id") { Self.unknown($0) }
        guard let incident = try await store.incident(id) else { throw Self.unknown(id) }
        return incident
    }

    private func open(_ call: Call) async throws -> Answer {
        try control.check(call)
        let new = try await call.decode(NewIncident.self) { new, check in
            check.text(new.title, "/title")
            if let by = new.by { check.text(by, "/by") }
            check((new.services ?? []).count <= 20, "/services", "must be 20 at most")
            for (index, service) in (new.services ?? []).enumerated() {
                check.text(service, "/services/\(index)")
            }
        }
        let now = wall()
        let by = new.by ?? Incident.unnamed
        let services = new.services ?? []
        var incident = Incident(
            id: Identifier.make("inc_", at: now), title: new.title, priority: new.priority, status: .detected,
            cause: services.first ?? "unknown", isCauseAssumed: services.isEmpty, detectedBy: by,
            startedAt: now, detectedAt: now, services: services)
        incident.lastChange = watch.changes.entries.last
        incident.add(.detected, new.title, by: by, at: now)
        do {
            let opened = try await store.open(incident)
            watch.tell([opened])
            return try .json(201, opened.incident, headers: [.location: "/api/incidents/\(incident.id)"])
        } catch is IncidentStore.TooMany {
            throw Self.tooMany
        }
    }

    private func change(
        _ call: Call, needsText: Bool = false,
        _ change: @escaping @Sendable (inout Incident, Remark, Timestamp) throws -> Void
    ) async throws -> Answer {
        try control.check(call)
        let remark =
            call.body.isEmpty && !needsText
            ? Remark()
            : try await call.decode(Remark.self) { remark, check in
                if needsText, remark.text == nil { check(false, "/text", "is missing") }
                Self.check(remark, &check)
            }
        return try await changed(call) { try change(&$0, remark, $1) }
    }

    private static func check(_ remark: Remark, _ check: inout FieldCheck) {
        if let text = remark.text {
            check((1...2000).contains(text.unicodeScalars.count), "/text", "must have 1 to 2,000 characters")
        }
        if let by = remark.by { check.text(by, "/by") }
    }

    private func changed(
        _ call: Call, _ change: @escaping @Sendable (inout Incident, Timestamp) throws -> Void
    ) async throws -> Answer {
        let id = try call.id("id") { Self.unknown($0) }
        let now = wall()
        do {
            guard let changed = try await store.change(id, at: now, { try change(&$0, now) }) else {
                throw Self.unknown(id)
            }
            watch.tell([changed])
            return try .json(200, changed.incident)
        } catch let error as Incident.IllegalTransition {
            throw Problem(
                409, "illegal-transition", "The incident can't go that way",
                "It is \(error.from.rawValue), and can't become \(error.to.rawValue).")
        }
    }

    private func addAction(_ call: Call) async throws -> Answer {
        try control.check(call)
        let new = try await call.decode(NewAction.self) { new, check in
            check.text(new.text, "/text")
            check.text(new.owner, "/owner")
            check(Timestamp("\(new.due)T00:00:00Z") != nil, "/due", "must be a date such as 2026-12-24")
        }
        return try await changed(call) { incident, now in
            incident.actions.append(
                Incident.Action(
                    id: incident.actions.count + 1, text: new.text, owner: new.owner, due: new.due))
            incident.add(
                .action, "\(new.text): \(new.owner), until \(new.due)", by: new.by ?? Incident.unnamed,
                at: now)
        }
    }

    private func closeAction(_ call: Call) async throws -> Answer {
        try control.check(call)
        let remark = call.body.isEmpty ? Remark() : try await call.decode(Remark.self, check: Self.check)
        let action = Int(call.parameter("action"))
        guard try await incident(call).actions.contains(where: { $0.id == action }) else {
            throw Problem.notFound("The incident has no action \(call.parameter("action").excerpt()).")
        }
        return try await changed(call) { incident, now in
            for index in incident.actions.indices
            where incident.actions[index].id == action && incident.actions[index].closedAt == nil {
                incident.actions[index].closedAt = now
                incident.add(
                    .action, "done: \(incident.actions[index].text)", by: remark.author, at: now)
            }
        }
    }

    private func metrics(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        call.refuseQuery(except: ["from", "to"], &check)
        func time(_ name: String) -> Timestamp? {
            guard let text = call.query(name) else { return nil }
            let time = Timestamp(text) ?? Timestamp("\(text)T00:00:00Z")
            check(time != nil, "/\(name)", "must be a date or a time, such as 2026-12-24T12:00:00Z")
            return time
        }
        let to = time("to") ?? wall()
        let from = time("from") ?? to.advanced(by: .seconds(-90 * 86_400))
        try check.finish()
        let incidents = try await store.detected(from: from, to: to)
        return try .json(200, IncidentMetrics(incidents, from: from, to: to))
    }

    private func postmortem(_ call: Call) async throws -> Answer {
        var check = FieldCheck()
        call.refuseQuery(except: ["lang"], &check)
        let language = call.query("lang", as: Language.self, &check) ?? .en
        try check.finish()
        let text = Postmortem(try await incident(call), language).text
        return Answer(
            status: 200, headers: [.contentType: "text/markdown; charset=utf-8"], body: Data(text.utf8))
    }

    /// From Alertmanager itself, which can't show the administrator's token on every installation: what it
    /// can do is bounded.
    private func receive(_ call: Call) async throws -> Answer {
        guard call.header(.origin) == nil else { throw Problem.unauthorized }
        let payload = try await call.decode(AlertPayload.self) { $0.validate(&$1) }
        do {
            try await watch.receive(payload, at: wall())
        } catch is IncidentStore.TooMany {
            throw Self.tooMany
        }
        return try .json(200, ["received": payload.alerts.count])
    }

    private static func unknown(_ id: String) -> Problem {
        .notFound("There is no incident \(id.excerpt()).")
    }

    private static let noHigher = Problem(
        409, "not-escalated", "The incident can't go higher",
        "It is over, or with the highest level already.")

    private static let tooMany = Problem(
        429, "too-many-incidents", "Too many incidents are open",
        "\(IncidentStore.mostOpen) are open; resolve some first.")
}
