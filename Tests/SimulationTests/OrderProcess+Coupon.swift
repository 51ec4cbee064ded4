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
        case usedUp((inout Disk) throws -> Void)
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
            let wasNewcomer = newcomers.remove(order.id) != nil
            body { [self] in
                if wasNewcomer { outOfTurn.insert(order.id) }
                endTurn(key)
            }
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
    func redeemInTurn(_ order: Order, _ code: String, _ deadline: Int64?, _ then: @escaping Redeemed) {
        settleEarlier(order, code, deadline, most: 8, isLast: false) { [self] settled in
            switch settled {
            case .redeem(let unreleased):
                shop.judge.claimed(order.id)
                redeem(order, code, deadline, without: unreleased, then)
            case .wait: then(.absent(reason: Unavailability(.awaitingEarlier)))
            case .unavailable(let reason): then(.absent(reason: reason))
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
        settleEarlier(order, code, nil, most: .max, isLast: true) { [self] settled in
            switch settled {
            case .redeem(let unreleased):
                redeemLate(order, code, nil, without: unreleased) { made in
                    switch made {
                    case .done(let commit), .usedUp(let commit): then(.done(commit: commit))
                    case .unavailable(let reason): then(.unavailable(reason.code))
                    }
                }
            case .wait:
                then(
                    .done { [self] disk in
                        if turn(of: order, code, disk, without: []) != .wait { disk.add(.repairCoupon, order.id) }
                    })
            case .unavailable(let reason): then(.unavailable(reason.code))
            }
        }
    }

    private enum Settled {
        case redeem(without: Set<String>)
        case wait
        case unavailable(Unavailability)
    }

    /// Releases and makes good what comes before the order.
    ///
    /// - Parameter isLast: whether coupon's word that another order's coupon is used up is the last.
    private func settleEarlier(
        _ order: Order, _ code: String, _ deadline: Int64?, most: Int, isLast: Bool, without unreleased: Set<String> = [],
        usedUp: Set<String> = [], _ then: @escaping (Settled) -> Void
    ) {
        read {
            [self] in
            turn(of: order, code, $0, without: unreleased.union(usedUp))
        } then: { [self] turn in
            let goOn = { [self] (unreleased: Set<String>, usedUp: Set<String>) in
                guard most > 0 else { return then(.wait) }
                settleEarlier(
                    order, code, deadline, most: most - 1, isLast: isLast, without: unreleased, usedUp: usedUp, then)
            }
            switch turn {
            case .redeem: then(.redeem(without: unreleased))
            case .wait: then(.wait)
            case .release(let id):
                release(id, deadline) { isReleased in goOn(isReleased ? unreleased : unreleased.union([id]), usedUp) }
            case .makeGood(let id):
                makeGood(id, deadline, isLast: isLast, without: unreleased) { made in
                    switch made {
                    case .done: goOn(unreleased, usedUp)
                    case .usedUp: goOn(unreleased, usedUp.union([id]))
                    case .unavailable(let reason): then(.unavailable(reason))
                    }
                }
            }
        }
    }

    private func turn(of order: Order, _ code: String, _ disk: Disk, without unreleased: Set<String>) -> CouponUse.Turn {
        if mutant == .redeemsOutOfTurn { return .redeem }
        let state = order.couponUse ?? .asked
        let others = disk.couponUses(of: order, newcomers: newcomers).filter { other in
            !unreleased.contains(other.orderId)
                && !(state == .asked && other.state == .asked && outOfTurn.contains(other.orderId))
        }
        return CouponUse.turn(of: order.id, state, among: others, limit: limit(code))
    }

    private func limit(_ code: String) -> Int? { shop.rules.lookup(code, &world.dice, nil)?.value.limitPerCustomer }

    /// For an order that has waited for its turn as long as it may.
    func redeemOutOfTurn(_ order: Order, _ code: String, _ deadline: Int64?, _ then: @escaping Redeemed) {
        newcomers.remove(order.id)
        outOfTurn.insert(order.id)
        read {
            $0.couponUses(of: order, newcomers: [])
        } then: { [self] uses in
            let others = uses.filter { ![.asked, .toRelease].contains($0.state) }
            guard CouponUse.turn(of: order.id, .asked, among: others, limit: limit(code)) == .redeem else {
                return then(.absent(reason: Unavailability(.awaitingEarlier)))
            }
            shop.judge.claimed(order.id)
            let unreleased = Set(uses.filter { $0.state == .toRelease }.map(\.orderId))
            redeem(order, code, deadline, without: unreleased, then)
        }
    }

    private func redeem(
        _ order: Order, _ code: String, _ deadline: Int64?, without unreleased: Set<String>, _ then: @escaping Redeemed
    ) {
        redeem(order, code, deadline) { served in
            if case .live(.refused(let problem)) = served, problem.code == "coupon-used", !unreleased.isEmpty {
                return then(.absent(reason: .unreachable))
            }
            then(served)
        }
    }

    private func release(_ id: String, _ deadline: Int64?, _ then: @escaping (Bool) -> Void) {
        ask(shop.coupon, .releaseRedemption(orderId: id), id, deadline, most: 200) { [self] result in
            guard case .success = result else { return then(false) }
            transact {
                $0.releasedRedemption(id)
            } then: { result in
                if case .success = result { then(true) } else { then(false) }
            }
        }
    }

    private enum MadeForOther {
        case done
        case usedUp
        case unavailable(Unavailability)
    }

    private func makeGood(
        _ id: String, _ deadline: Int64?, isLast: Bool, without unreleased: Set<String>,
        _ then: @escaping (MadeForOther) -> Void
    ) {
        read {
            $0.order(id)
        } then: { [self] order in
            guard let order, order.owesCouponRepair, let code = order.request.couponCode else {
                return then(.unavailable(Unavailability(.awaitingEarlier)))
            }
            let write = { [self] (commit: @escaping (inout Disk) throws -> Void) in
                transact {
                    try commit(&$0)
                } then: { result in
                    if case .failure = result { then(.unavailable(.unreachable)) } else { then(.done) }
                }
            }
            redeemLate(order, code, deadline, without: unreleased) { made in
                switch made {
                case .unavailable(let reason): then(.unavailable(reason))
                case .usedUp where !isLast && order.progress.couponDecision == .skipped: then(.usedUp)
                case .done(let commit), .usedUp(let commit): write(commit)
                }
            }
        }
    }

    private func redeemLate(
        _ order: Order, _ code: String, _ deadline: Int64?, without unreleased: Set<String>, _ then: @escaping (Made) -> Void
    ) {
        let id = order.id
        redeem(order, code, deadline, without: unreleased) { [self] served in
            switch served {
            case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): then(.unavailable(reason))
            case .live(.voided): then(.done(repaired(id) { $0.notRedeemedLate("the redemption had been undone", at: $1) }))
            case .live(.refused(let problem)):
                let commit = repaired(id, also: .releaseRedemption) {
                    $0.notRedeemedLate("the coupon was refused: \(problem.code)", at: $1)
                }
                then(problem.code == "coupon-used" ? .usedUp(commit) : .done(commit))
            case .live(.redeemed(let discount)):
                let mutant = mutant
                then(
                    .done(
                        repaired(id) { order, now in
                            order.redeemedLate(discount: discount, at: now)
                            if mutant == .takesBackWhatWasEstimated { order.redeemed(discount: discount) }
                        }))
            }
        }
    }

    private func repaired(
        _ id: String, also errand: Errand? = nil, _ change: @escaping (inout Order, Timestamp) -> Void
    ) -> (inout Disk) throws -> Void {
        let now = wall
        return { [mutant] disk in
            guard var order = disk.order(id), order.owesCouponRepair, order.progress.couponDecision != .redeemed else { return }
            change(&order, now)
            try disk.save(order)
            if let errand { disk.addRelease(errand, id) }
            if order.owesCouponRepair, mutant != .forgetsWhatALateCouponOwes { disk.add(.refundCoupon, id) }
        }
    }
}
