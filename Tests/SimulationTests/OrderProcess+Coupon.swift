import Contracts
import Resilience
import ServingPath

@testable import OrderService

/// `CouponTurns` and `CouponClaims`; whose turn it is, is decided by the production's `CouponUse`.
extension OrderProcess {
    typealias Redeemed = (Served<CouponNeighbour.Redeeming>) -> Void

    /// What making a coupon good came to: what is to be written, or why nothing is.
    private enum Made {
        case done((inout Disk) throws -> Void)
        case unavailable(Unavailability)
    }

    // MARK: Turns

    /// Runs `body` when nothing else runs for the key, and `late` if that isn't before `deadline`.
    func takeTurn(
        _ order: Order, _ code: String, until deadline: Int64? = nil, body: @escaping (_ end: @escaping () -> Void) -> Void,
        late: @escaping () -> Void = {}
    ) {
        let key = order.couponKey(code)
        let begin = { [self] in
            newcomers.remove(order.id)
            body { [self] in endTurn(key) }
        }
        guard turns[key] != nil else {
            turns[key] = []
            return begin()
        }
        let waiter = Waiter(begin: begin)
        turns[key]?.append(waiter)
        guard let deadline else { return }
        world.after(max(0, deadline - world.now), in: host) { [self] in
            guard let index = turns[key]?.firstIndex(where: { $0 === waiter }) else { return }
            turns[key]?.remove(at: index)
            late()
        }
    }

    private func endTurn(_ key: CouponTurns.Key) {
        guard let next = turns[key]?.first else { return turns[key] = nil }
        turns[key]?.removeFirst()
        next.begin()
    }

    final class Waiter {
        let begin: () -> Void
        init(begin: @escaping () -> Void) { self.begin = begin }
    }

    // MARK: Claims

    /// For an order whose coupon isn't decided yet.
    func redeemInTurn(_ order: Order, _ code: String, _ deadline: Int64?, _ rest: Int = 8, _ then: @escaping Redeemed) {
        read {
            [self] in
            turn(of: order, code, $0)
        } then: { [self] turn in
            switch turn {
            case .redeem:
                shop.judge.claimed(order.id)
                redeem(order, code, deadline, then)
            case .wait: then(.absent(reason: Unavailability(.awaitingEarlier)))
            case .release(let id), .makeGood(let id):
                guard rest > 0 else { return then(.absent(reason: Unavailability(.awaitingEarlier))) }
                settle(id, deadline) { [self] reason in
                    if let reason { return then(.absent(reason: reason)) }
                    redeemInTurn(order, code, deadline, rest - 1, then)
                }
            }
        }
    }

    /// `RepairCoupon`.
    func repairCoupon(_ id: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, order.owesCouponRepair, order.progress.couponDecision != .redeemed,
                let code = order.request.couponCode
            else { return then(.done()) }
            takeTurn(order, code) { [self] end in
                makeGood(order, code) {
                    end()
                    then($0)
                }
            }
        }
    }

    private func makeGood(_ order: Order, _ code: String, _ then: @escaping (Outcome<Disk>) -> Void) {
        read {
            [self] in
            turn(of: order, code, $0)
        } then: { [self] turn in
            switch turn {
            case .redeem:
                redeemLate(order, code, nil) { made in
                    switch made {
                    case .done(let commit): then(.done(commit: commit))
                    case .unavailable(let reason): then(.unavailable(reason.code))
                    }
                }
            case .wait:
                then(
                    .done { [self] disk in
                        if self.turn(of: order, code, disk) != .wait { disk.add(.repairCoupon, order.id) }
                    })
            case .release(let id), .makeGood(let id):
                settle(id, nil) { [self] reason in
                    if let reason { return then(.unavailable(reason.code)) }
                    makeGood(order, code, then)
                }
            }
        }
    }

    private func turn(of order: Order, _ code: String, _ disk: Disk) -> CouponUse.Turn {
        if mutant == .redeemsOutOfTurn { return .redeem }
        return CouponUse.turn(
            of: order.id, order.couponUse ?? .asked, among: disk.couponUses(of: order, newcomers: newcomers),
            limit: shop.rules.lookup(code, &world.dice, nil)?.value.limitPerCustomer)
    }

    private func settle(_ id: String, _ deadline: Int64?, _ then: @escaping (Unavailability?) -> Void) {
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, let code = order.request.couponCode else { return then(nil) }
            let written = { [self] (made: Made) in
                switch made {
                case .unavailable(let reason): then(reason)
                case .done(let commit):
                    transact {
                        try commit(&$0)
                    } then: { result in
                        if case .failure = result { then(.unreachable) } else { then(nil) }
                    }
                }
            }
            if order.owesCouponRepair {
                redeemLate(order, code, deadline, written)
            } else {
                ask(shop.coupon, .releaseRedemption(orderId: id), id, deadline, most: 200) { result in
                    switch result {
                    case .success: written(.done { $0.releasedRedemption(id) })
                    case .failure(.unavailable(let reason)): written(.unavailable(reason))
                    case .failure(.refused): written(.unavailable(.invalidAnswer))
                    }
                }
            }
        }
    }

    private func redeemLate(_ order: Order, _ code: String, _ deadline: Int64?, _ then: @escaping (Made) -> Void) {
        let id = order.id
        redeem(order, code, deadline) { [self] served in
            switch served {
            case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): then(.unavailable(reason))
            case .live(.voided): then(repaired(id) { $0.notRedeemedLate("the redemption had been undone", at: $1) })
            case .live(.refused(let problem)):
                then(
                    repaired(id, also: .releaseRedemption) {
                        $0.notRedeemedLate("the coupon was refused: \(problem.code)", at: $1)
                    })
            case .live(.redeemed(let discount)):
                let mutant = mutant
                then(
                    repaired(id) { order, now in
                        order.redeemedLate(discount: discount, at: now)
                        if mutant == .takesBackWhatWasEstimated { order.redeemed(discount: discount) }
                    })
            }
        }
    }

    private func repaired(
        _ id: String, also errand: Errand? = nil, _ change: @escaping (inout Order, Timestamp) -> Void
    ) -> Made {
        let now = wall
        return .done { [mutant] disk in
            guard var order = disk.order(id), order.owesCouponRepair, order.progress.couponDecision != .redeemed else { return }
            change(&order, now)
            try disk.save(order)
            if let errand { disk.addRelease(errand, id) }
            if order.owesCouponRepair, mutant != .forgetsWhatALateCouponOwes { disk.add(.refundCoupon, id) }
        }
    }
}
