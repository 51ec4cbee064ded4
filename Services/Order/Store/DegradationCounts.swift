import Contracts
import Logging
import Metrics

/// Counts and logs what was done instead of what could not be had, and what made it good, once it is on disk.
struct DegradationCounts: Sendable {
    private typealias Counters = [Degradation.Effect: Counter]

    let logger: Logger
    private let degradations = counters("csp_degradations_total")
    private let repairs = counters("csp_repairs_total")

    init(logger: Logger) { self.logger = logger }

    private static func counters(_ label: String) -> Counters {
        Dictionary(
            uniqueKeysWithValues: Degradation.Effect.allCases.map {
                ($0, Counter(label: label, dimensions: [("effect", $0.rawValue)]))
            })
    }

    /// What has changed since the order was read or saved last.
    func count(_ order: Order) {
        let (before, now) = (order.savedDegradations, order.document.degradations)
        for new in now.dropFirst(before.count) {
            degradations[new.effect]?.increment()
            log(
                "order degraded", order, new, ["reason": "\(new.reason)", "repair": "\(new.repair.rawValue)"])
        }
        for (old, new) in zip(before, now) where new.repaired && !old.repaired {
            repairs[new.effect]?.increment()
            log("order repaired", order, new, ["outcome": "\(new.outcome ?? "done")"])
        }
    }

    private func log(
        _ message: Logger.Message, _ order: Order, _ degradation: Degradation, _ more: Logger.Metadata
    ) {
        let about: Logger.Metadata = [
            "order_id": "\(order.id)", "dependency": "\(degradation.dependency)",
            "effect": "\(degradation.effect.rawValue)",
        ]
        logger.info(message, metadata: about.merging(more) { first, _ in first })
    }
}
