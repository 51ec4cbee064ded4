import Contracts

/// The steps of an order's story, as its timeline tells them.
enum OrderStep: String {
    case place, reserve, price, redeem, discount, charge, accept, confirm, reject, cancel, repair, refund,
        void
}

/// How a step ended.
enum StepOutcome: String {
    case begun, done, refused
    /// A dependency could not be asked, and the order went on without its answer.
    case degraded
}

extension Order {
    mutating func note(_ step: OrderStep, _ outcome: StepOutcome, _ detail: String = "", at now: Timestamp) {
        progress.timeline.append(
            TimelineEntry(at: now, step: step.rawValue, outcome: outcome.rawValue, detail: detail))
    }

    /// Whether its last step is one that `earlier` has noted already, at whatever time.
    func repeatsStep(of earlier: Order) -> Bool {
        guard let last = progress.timeline.last else { return true }
        return earlier.progress.timeline.contains {
            $0.step == last.step && $0.outcome == last.outcome && $0.detail == last.detail
        }
    }
}
