import Contracts

/// One thing that is wrong now, seen by the console or told by an alert.
struct Symptom: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, CaseIterable {
        case serviceDown = "service-down"
        case breakerOpen = "breaker-open"
        case dependencyFailing = "dependency-failing"
        case ordersDegraded = "orders-degraded"
        case ordersRefused = "orders-refused"
        case criticalShed = "critical-shed"
        case ordersFallen = "orders-fallen"
        case paymentsFallen = "payments-fallen"
        case queueLagging = "queue-lagging"
        case deadLetters = "dead-letters"
        case storageNearlyFull = "storage-nearly-full"
        case alert

        /// Whether it shows where customers come in, and what broke may lie below.
        var isEffect: Bool {
            switch self {
            case .ordersRefused, .criticalShed, .ordersFallen, .paymentsFallen, .queueLagging: true
            case .serviceDown, .breakerOpen, .dependencyFailing, .ordersDegraded, .deadLetters,
                .storageNearlyFull, .alert:
                false
            }
        }
    }

    var kind: Kind
    /// To which service it points.
    var service: String
    var priority: Incident.Priority
    var text: String
    /// Of an alert: its name, and whether it is an effect.
    var alert: (name: String, isEffect: Bool)?

    var isEffect: Bool { alert?.isEffect ?? kind.isEffect }
    /// What tells it from others of its service.
    var name: String { alert?.name ?? kind.rawValue }

    static func == (left: Symptom, right: Symptom) -> Bool {
        left.name == right.name && left.service == right.service
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(service)
    }
}
