import Contracts
import Mutants
import Queue
import Resilience
import ServingPath

/// Asks coupon for an order once what comes before it has been settled: see ``CouponClaim``.
struct ClaimCoupon: Sendable {
    /// Other orders that are settled for one whose customer waits; more of them are left to the queue.
    private static let mostForCustomer = 8

    let store: OrderStore
    let coupon: CouponClient
    let turns: CouponTurns
    let wall: @Sendable () -> Timestamp

    /// Redeems for an order whose coupon isn't decided yet. Only in the order's turn.
    func redeem(_ order: Order, code: String, for caller: Caller) async throws -> Served<
        CouponClient.Redeeming
    > {
        var unreleased: [String: Unavailability] = [:]
        var usedUp: Set<String> = []
        var settled = 0
        while true {
            switch try await turn(of: order, code, without: usedUp.union(unreleased.keys)) {
            case .redeem: return await redeem(order, code, for: caller, without: unreleased)
            case .wait: return .absent(reason: Unavailability(.awaitingEarlier))
            case .release(let id):
                // Coupon may have room without.
                unreleased[id] =
                    settled < Self.mostForCustomer
                    ? try await release(id, for: caller) : Unavailability(.awaitingEarlier)
                settled += 1
            case .makeGood(let id):
                guard settled < Self.mostForCustomer else {
                    return .absent(reason: Unavailability(.awaitingEarlier))
                }
                settled += 1
                switch try await makeGood(id, for: caller, without: unreleased) {
                case .repaired: break
                // It may be this order, begun before a crash, that uses the coupon up, and it may still be
                // cancelled.
                case .usedUp: usedUp.insert(id)
                case .unavailable(let reason): return .absent(reason: reason)
                }
            }
        }
    }

    /// For an order that has waited for its turn as long as it may: among many at once coupon decides, as
    /// long as nothing was given or promised that coupon doesn't know.
    func redeemOutOfTurn(
        _ order: Order, code: String, for caller: Caller
    ) async throws -> Served<CouponClient.Redeeming> {
        turns.askOutOfTurn(order.id)
        let claims = try await store.couponClaims(code, customerId: order.request.customerId)
        let others = claims.filter { $0.orderId != order.id && ![.asked, .toRelease].contains($0.state) }
        let unreleased = claims.filter { $0.state == .toRelease }.map {
            ($0.orderId, Unavailability(.awaitingEarlier))
        }
        let limit = coupon.cached.lookup(code)?.value.limitPerCustomer
        guard CouponClaim.turn(of: order.id, .asked, among: others, limit: limit) == .redeem else {
            return .absent(reason: Unavailability(.awaitingEarlier))
        }
        return await redeem(order, code, for: caller, without: Dictionary(unreleased) { first, _ in first })
    }

    /// How an order's coupon was repaired, or why it wasn't.
    enum Repair: Sendable {
        /// What is to be written.
        case repaired(Commit)
        /// The same: coupon says that the customer has used it up.
        case usedUp(Commit)
        /// It waits for an order that hasn't ended: when that ends, it is taken up again.
        case waiting(Commit)
        case unavailable(Unavailability)
    }

    /// Redeems for a confirmed order that was estimated or skipped, in its turn.
    func repair(_ order: Order, code: String) async throws -> Repair {
        let repair = try await turns.take(order.couponKey(code), for: order.id) { () async throws -> Repair in
            var unreleased: [String: Unavailability] = [:]
            while true {
                switch try await turn(of: order, code, without: Set(unreleased.keys)) {
                case .redeem: return await redeemLate(order, code, for: .queue, without: unreleased)
                case .wait: return .waiting(repairingAgain(order, code: code))
                case .release(let id): unreleased[id] = try await release(id, for: .queue)
                case .makeGood(let id):
                    switch try await makeGood(id, for: .queue, without: unreleased) {
                    case .repaired: break
                    case .usedUp(let commit): try await store.write("saved", commit)
                    case .unavailable(let reason): return .unavailable(reason)
                    }
                }
            }
        }
        return repair ?? .unavailable(Unavailability(.awaitingEarlier))
    }

    /// - Parameter tried: orders for which nothing could be done just now; coupon may have room all the same.
    private func turn(of order: Order, _ code: String, without tried: Set<String>) async throws
        -> CouponClaim.Turn
    {
        // Looked up before the claims are read: one that ends in between has left when its claim is still
        // seen.
        let undecided = turns.undecided
        let claims = try await store.couponClaims(code, customerId: order.request.customerId)
        return turn(of: order, code, among: claims, without: tried, undecided: undecided)
    }

    private func turn(
        of order: Order, _ code: String, among claims: [CouponClaim], without tried: Set<String> = [],
        undecided: Set<String> = []
    ) -> CouponClaim.Turn {
        let state = order.couponClaim ?? .asked
        let others = others(than: order.id, claims).filter { other in
            !tried.contains(other.orderId)
                && !(state == .asked && other.state == .asked && undecided.contains(other.orderId))
        }
        return CouponClaim.turn(
            of: order.id, state, among: others, limit: coupon.cached.lookup(code)?.value.limitPerCustomer)
    }

    /// Without those that haven't asked coupon for anything yet.
    func others(than orderId: String, _ claims: [CouponClaim]) -> [CouponClaim] {
        claims.filter { $0.orderId != orderId && !($0.state == .asked && turns.isNewcomer($0.orderId)) }
    }

    /// In the transaction that removes its message: the order that it waited for may have ended since.
    private func repairingAgain(_ order: Order, code: String) -> Commit {
        store.repairingAgain(order, code: code) { turn(of: order, code, among: $0) != .wait }
    }

    /// What coupon says; that it is used up is no answer as long as a redemption could not be released.
    private func redeem(
        _ order: Order, _ code: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async -> Served<CouponClient.Redeeming> {
        let answer = await coupon.redeem(order, code: code, for: caller)
        if case .live(.refused(let problem)) = answer, problem.code == "coupon-used",
            let reason = unreleased.values.first
        {
            return .absent(reason: reason)
        }
        return answer
    }

    /// Releases another order's redemption; answers why it can't.
    private func release(_ id: String, for caller: Caller) async throws -> Unavailability? {
        guard try await store.order(id) != nil else { return Unavailability(.awaitingEarlier) }
        switch await coupon.release(orderId: id, for: caller) {
        case .live:
            try await store.write("saved", store.releasedCoupon(id))
            return nil
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): return reason
        }
    }

    private enum RepairOfOther: Sendable {
        case repaired
        /// Coupon says so; what is to be written if that is the last word.
        case usedUp(Commit)
        case unavailable(Unavailability)
    }

    /// Makes another order's coupon good.
    private func makeGood(
        _ id: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async throws -> RepairOfOther {
        guard let order = try await store.order(id), order.owesCouponRepair,
            let code = order.request.couponCode
        else { return .unavailable(Unavailability(.awaitingEarlier)) }
        switch await redeemLate(order, code, for: caller, without: unreleased) {
        case .usedUp(let commit) where order.progress.couponDecision == .skipped: return .usedUp(commit)
        case .repaired(let commit), .waiting(let commit), .usedUp(let commit):
            try await store.write("saved", commit)
            return .repaired
        case .unavailable(let reason): return .unavailable(reason)
        }
    }

    private func redeemLate(
        _ order: Order, _ code: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async -> Repair {
        switch await redeem(order, code, for: caller, without: unreleased) {
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            .unavailable(reason)
        case .live(.voided):
            .repaired(repairing(order.id) { $0.notRedeemedLate("the redemption had been undone", at: $1) })
        case .live(.refused(let problem)):
            refused(order.id, problem)
        case .live(.redeemed(let discount)):
            .repaired(
                repairing(order.id) { order, now in
                    order.redeemedLate(discount: discount, at: now)
                    if Mutant.isOn(.takesBackWhatWasEstimated) { order.redeemed(discount: discount) }
                })
        }
    }

    private func refused(_ id: String, _ problem: ProblemDocument) -> Repair {
        // An earlier try may still be on its way, and must not use the coupon up for nothing.
        let commit = repairing(id, also: .releaseRedemption) {
            $0.notRedeemedLate("the coupon was refused: \(problem.reason ?? problem.code)", at: $1)
        }
        return problem.code == "coupon-used" ? .usedUp(commit) : .repaired(commit)
    }

    /// The repaired order and what is left to do for it.
    private func repairing(
        _ id: String, also kind: OrderMessage? = nil,
        _ change: @escaping @Sendable (inout Order, Timestamp) -> Void
    ) -> Commit {
        store.changing(id) { [wall] order in
            // Another order's turn may have settled it.
            guard order.owesCouponRepair, order.progress.couponDecision != .redeemed else { return nil }
            change(&order, wall())
            let owes = order.owesCouponRepair && !Mutant.isOn(.forgetsWhatALateCouponOwes)
            let refund = owes ? [OutgoingMessage(.refundCoupon, id)] : []
            return (kind.map { [OutgoingMessage($0, id)] } ?? []) + refund
        }
    }
}

extension Order {
    func couponKey(_ code: String) -> CouponTurns.Key { .init(code: code, customerId: request.customerId) }
}
