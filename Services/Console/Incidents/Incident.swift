import Contracts

/// An outage as it is recorded: what broke, what was done, and what it cost customers. Its changes are
/// methods, each of which writes the timeline.
struct Incident: Codable, Sendable, Hashable {
    enum Priority: String, Codable, Sendable, Hashable, CaseIterable, Comparable {
        /// Customers can't buy, or not at once.
        case p1 = "P1"
        /// Something is lost or late for them.
        case p2 = "P2"
        /// It can wait until tomorrow.
        case p3 = "P3"

        /// The more urgent one is the smaller.
        static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
    }

    enum Status: String, Codable, Sendable, Hashable, CaseIterable {
        case detected, acknowledged
        /// Customers notice nothing any more.
        case mitigated
        /// Nothing was seen of it for a while, or a person said so.
        case resolved
        /// What there is to learn from it is written down; it never reopens.
        case reviewed

        var isOpen: Bool { self != .resolved && self != .reviewed }
    }

    struct Entry: Codable, Sendable, Hashable {
        enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
            case change, symptom, detected, alert, customers, cause, priority, acknowledged, escalated
            case mitigated, recurred, resolved, reopened, reviewed, note, action
        }

        var at: Timestamp
        var kind: Kind
        var text: String
        /// A person, or `console`, `alertmanager`.
        var by: String
    }

    struct Impact: Codable, Sendable, Hashable {
        /// Placed while it lasted, with a degradation that it caused.
        var ordersDegraded = 0
        /// Answered 503.
        var ordersRefused = 0
        /// Of the degraded ones those that were accepted and not confirmed at once.
        var ordersDelayed = 0
        /// Totals of the delayed orders, in minor units of the currency in which there is most.
        var revenueDelayed = 0
        /// The same in every currency.
        var revenueDelayedByCurrency: [String: Int] = [:]
        /// Of degraded orders.
        var customers = 0
        /// Of the degraded orders those of which nothing is owed any more.
        var ordersMadeGood = 0
        /// Delayed orders that were cancelled.
        var ordersLost = 0
    }

    struct Escalation: Codable, Sendable, Hashable {
        var at: Timestamp
        /// From 1 on; 1 is called at first.
        var level: Int
        var to: String
        var reason: String
        /// Whether it costs too much; else it wasn't acknowledged, or a person asked for it.
        var isForImpact: Bool
    }

    /// What people were told.
    struct Notice: Codable, Sendable, Hashable {
        enum Kind: String, Codable, Sendable, Hashable, CaseIterable {
            case opened, urgent, escalated, recurred, resolved
        }

        var at: Timestamp
        var kind: Kind
        /// `webhook`, or `log` where there is none.
        var channel: String
        var text: String
    }

    struct Action: Codable, Sendable, Hashable {
        var id: Int
        var text: String
        var owner: String
        /// `2026-12-24`.
        var due: String
        @Nullable var closedAt: Timestamp?
    }

    /// A timeline has this many entries at most. Beyond it only what moves the incident is added.
    private static let longestTimeline = 500

    let id: String
    var title: String
    var priority: Priority
    var status: Status
    /// The service whose failure explains the rest.
    var cause: String
    /// Whether the cause is only where it showed: what breaks below it takes its place.
    var isCauseAssumed: Bool
    /// `console`, `alertmanager` or a person.
    let detectedBy: String
    /// When customers were first affected, as far as it is known.
    var startedAt: Timestamp
    let detectedAt: Timestamp
    @Nullable var acknowledgedAt: Timestamp?
    @Nullable var mitigatedAt: Timestamp?
    @Nullable var resolvedAt: Timestamp?
    @Nullable var reviewedAt: Timestamp?
    var impact = Impact()
    /// The cause, and what it affects.
    var services: [String]
    /// What customers get meanwhile, as the path declares it, by language.
    var effect: [String: String] = [:]
    var timeline: [Entry] = []
    /// The last change before it started: a fault, a start, a setting.
    @Nullable var lastChange: Entry?
    var escalations: [Escalation] = []
    var notices: [Notice] = []
    var actions: [Action] = []
    /// Kinds of symptoms that were seen.
    var symptoms: [String] = []

    /// An action that its status doesn't allow.
    struct IllegalTransition: Error {
        let from: Status
        let to: Status
    }
}

extension Incident {
    static let console = "console"
    static let alertmanager = "alertmanager"
    /// A person who doesn't say who.
    static let unnamed = "operator"

    mutating func add(_ kind: Entry.Kind, _ text: String, by: String = Self.console, at: Timestamp) {
        add(Entry(at: at, kind: kind, text: text, by: by))
    }

    mutating func add(_ entry: Entry) {
        let isMove = [.acknowledged, .mitigated, .resolved, .reviewed].contains(entry.kind)
        guard timeline.count < Self.longestTimeline || isMove else { return }
        timeline.append(entry)
    }

    mutating func acknowledge(by: String, at: Timestamp) throws {
        guard status != .acknowledged else { return }
        // One that is mitigated already stays so.
        if status != .mitigated { try go(to: .acknowledged, from: [.detected]) }
        guard acknowledgedAt == nil else { return }
        acknowledgedAt = at
        add(.acknowledged, "acknowledged", by: by, at: at)
    }

    mutating func mitigate(_ text: String? = nil, by: String, at: Timestamp) throws {
        guard status != .mitigated else { return }
        try go(to: .mitigated, from: [.detected, .acknowledged])
        mitigatedAt = at
        add(.mitigated, text ?? "customers notice nothing any more", by: by, at: at)
    }

    /// What was mitigated has come back.
    mutating func recur(_ text: String, at: Timestamp) throws {
        try go(to: acknowledgedAt == nil ? .detected : .acknowledged, from: [.mitigated])
        mitigatedAt = nil
        add(.recurred, text, at: at)
    }

    mutating func resolve(_ text: String? = nil, by: String, at: Timestamp) throws {
        guard status != .resolved else { return }
        try go(to: .resolved, from: [.detected, .acknowledged, .mitigated])
        mitigatedAt = mitigatedAt ?? at
        resolvedAt = at
        add(.resolved, text ?? "resolved", by: by, at: at)
    }

    mutating func reopen(_ text: String, at: Timestamp) throws {
        try go(to: acknowledgedAt == nil ? .detected : .acknowledged, from: [.resolved])
        mitigatedAt = nil
        resolvedAt = nil
        add(.reopened, text, at: at)
    }

    mutating func review(by: String, at: Timestamp) throws {
        guard status != .reviewed else { return }
        try go(to: .reviewed, from: [.resolved])
        reviewedAt = at
        add(.reviewed, "reviewed", by: by, at: at)
    }

    private mutating func go(to next: Status, from allowed: [Status]) throws {
        guard allowed.contains(status) else { throw IllegalTransition(from: status, to: next) }
        status = next
    }
}
