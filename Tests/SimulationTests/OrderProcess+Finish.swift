import Contracts

@testable import OrderService

/// `FinishOrder`.
extension OrderProcess {
    func finish(_ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        guard hands.begin(id) || mutant == .worksTwiceOnOneOrder else {
            return then(.unavailable("its request is still running"))
        }
        let end = { [self] (outcome: Outcome<Disk>) in
            hands.end(id)
            then(outcome)
        }
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, !order.status.isTerminal else { return end(.done()) }
            if let expired = try? endings.expired(order) { return end(done { _ in expired }) }
            walk(order, until: nil) { [self] result in
                switch result {
                case .success(let walked): concluded(walked, since: order, end)
                case .failure(let error): end(.unavailable("\(error)"))
                }
            }
        }
    }

    private func concluded(_ walked: Walked, since begun: Order, _ then: @escaping (Outcome<Disk>) -> Void) {
        let order = walked.order
        switch walked.ending {
        case .paid: then(done { try $0.confirmed(order) })
        case .refused(let refusal) where order.status == .accepted:
            then(done { try $0.cancelled(order, why: refusal.detail, refusal: refusal) })
        case .refused(let refusal): then(done { try $0.rejected(order, refusal, undoing: .everything) })
        case .paymentUnavailable(let reason): lack(.payment(reason), order, since: begun, then)
        case .inventoryUnavailable(let reason), .priceUnavailable(let reason):
            lack(.inventory(reason), order, since: begun, then)
        case .couponUnavailable: then(done { try $0.cancelled(order, why: "the coupon can't be checked") })
        case .voided: then(done { try $0.cancelled(order, why: "it was undone before it was finished") })
        }
    }

    private func lack(_ lack: Lack, _ walked: Order, since begun: Order, _ then: @escaping (Outcome<Disk>) -> Void) {
        if case .payment = lack {
            if walked.status == .placing { return then(done { try $0.accepted(walked, lacking: lack) }) }
            if walked.document.pending.contains("inventory") {
                var order = walked
                order.proceed(lacking: lack, at: wall)
                return then(done { [order] _ in try Conclusion(order) })
            }
        }
        // Once for each reason.
        guard let last = walked.progress.timeline.last,
            !begun.progress.timeline.contains(where: {
                ($0.step, $0.outcome, $0.detail) == (last.step, last.outcome, last.detail)
            })
        else { return then(.unavailable(lack.words)) }
        save(walked) { _ in then(.unavailable(lack.words)) }
    }

    private func done(_ decide: (Endings) throws -> Conclusion) -> Outcome<Disk> {
        do {
            let conclusion = try decide(endings)
            return .done { disk in try disk.commit(conclusion) }
        } catch {
            return .unavailable("\(error)")
        }
    }
}
