import Contracts
import Mutants
import Queue
import Resilience
import ServingPath

/// Asks coupon for an order once what comes before it has been settled: see ``CouponClaim``.
struct ClaimCoupon: Sendable {
    /// Other orders that are settled for one whose customer waits; more of them are left to the queue.
    private static let mostForCustomer = 8
    private static let awaitingEarlier = Unavailability(.awaitingEarlier)

    /// How an order's coupon was made good, or why it wasn't.
    enum Repair: Sendable {
        /// What is to be written.
        case settled(Commit)
        /// The same: coupon says that the customer has used it up, and nothing was given for it yet.
        case usedUp(Commit)
        case unavailable(Unavailability)
    }

    let store: OrderStore
    let coupon: CouponClient
    let turns: CouponTurns
    let wall: @Sendable () -> Timestamp

    /// Redeems for an order whose coupon isn't decided yet. Only in the order's turn.
    func redeem(
        _ order: Order, _ claimed: CustomerCoupon, for caller: Caller
    ) async throws -> Served<CouponClient.Redeeming> {
        var unreleased: [String: Unavailability] = [:]
        var usedUp: Set<String> = []
        var settled = 0
        while true {
            defer { settled += 1 }
            switch try await turn(of: order, claimed, without: usedUp.union(unreleased.keys)) {
            case .redeem: return await redeem(order, claimed, for: caller, without: unreleased)
            case .wait: return .absent(reason: Self.awaitingEarlier)
            // Coupon may have room without.
            case .release(let id) where settled >= Self.mostForCustomer: unreleased[id] = Self.awaitingEarlier
            case .release(let id): unreleased[id] = try await release(id, for: caller)
            case .makeGood where settled >= Self.mostForCustomer: return .absent(reason: Self.awaitingEarlier)
            case .makeGood(let id):
                switch try await makeGood(id, for: caller, without: unreleased) {
                case .settled(let commit): try await store.write("saved", commit)
                // Perhaps by this order, begun before a crash, which may still be cancelled.
                case .usedUp: usedUp.insert(id)
                case .unavailable(let reason): return .absent(reason: reason)
                }
            }
        }
    }

    /// For an order that has waited long enough: among many at once coupon decides, as long as nothing was
    /// given or promised that coupon doesn't know.
    func redeemOutOfTurn(
        _ order: Order, _ claimed: CustomerCoupon, for caller: Caller
    ) async throws -> Served<CouponClient.Redeeming> {
        turns.askOutOfTurn(order.id)
        let claims = try await store.couponClaims(claimed)
        let others = claims.filter { $0.orderId != order.id && ![.asked, .toRelease].contains($0.state) }
        guard CouponClaim.turn(of: order.id, .asked, among: others, limit: limit(of: claimed)) == .redeem
        else { return .absent(reason: Self.awaitingEarlier) }
        let unreleased = claims.filter { $0.state == .toRelease }.map { ($0.orderId, Self.awaitingEarlier) }
        return await redeem(
            order, claimed, for: caller, without: Dictionary(unreleased) { first, _ in first })
    }

    /// For a confirmed order, in its turn. One that waits for an order is taken up again when that ends.
    func repair(_ order: Order, _ claimed: CustomerCoupon) async throws -> Repair {
        let repair = try await turns.take(claimed, for: order.id) { () async throws -> Repair in
            var unreleased: [String: Unavailability] = [:]
            while true {
                switch try await turn(of: order, claimed, without: Set(unreleased.keys)) {
                case .redeem: return await redeemLate(order, claimed, for: .queue, without: unreleased)
                case .wait: return .settled(repairingAgain(order, claimed))
                case .release(let id): unreleased[id] = try await release(id, for: .queue)
                case .makeGood(let id):
                    switch try await makeGood(id, for: .queue, without: unreleased) {
                    case .settled(let commit), .usedUp(let commit): try await store.write("saved", commit)
                    case .unavailable(let reason): return .unavailable(reason)
                    }
                }
            }
        }
        return repair ?? .unavailable(Self.awaitingEarlier)
    }

    // MARK: Turns

    /// - Parameter tried: orders for which nothing could be done just now; coupon may have room all the same.
    private func turn(
        of order: Order, _ claimed: CustomerCoupon, without tried: Set<String>
    ) async throws -> CouponClaim.Turn {
        // Looked up before the claims are read: one that ends in between is still seen to claim.
        let undecided = turns.undecided
        let claims = try await store.couponClaims(claimed)
        return turn(of: order, claimed, among: claims, without: tried, undecided: undecided)
    }

    private func turn(
        of order: Order, _ claimed: CustomerCoupon, among claims: [CouponClaim],
        without tried: Set<String> = [], undecided: Set<String> = []
    ) -> CouponClaim.Turn {
        let state = order.couponClaim ?? .asked
        let others = others(than: order.id, claims).filter { other in
            !tried.contains(other.orderId)
                && !(state == .asked && other.state == .asked && undecided.contains(other.orderId))
        }
        return CouponClaim.turn(of: order.id, state, among: others, limit: limit(of: claimed))
    }

    /// Without those that haven't asked coupon for anything yet.
    func others(than orderId: String, _ claims: [CouponClaim]) -> [CouponClaim] {
        claims.filter { $0.orderId != orderId && !($0.state == .asked && turns.isNewcomer($0.orderId)) }
    }

    private func limit(of claimed: CustomerCoupon) -> Int? {
        coupon.cached.lookup(claimed.code)?.value.limitPerCustomer
    }

    /// In the transaction that removes its message: the order that it waited for may have ended since.
    private func repairingAgain(_ order: Order, _ claimed: CustomerCoupon) -> Commit {
        store.repairingAgain(order.id, claimed) { turn(of: order, claimed, among: $0) != .wait }
    }

    // MARK: Calls

    /// What coupon says; that it is used up is no answer as long as a redemption could not be released.
    private func redeem(
        _ order: Order, _ claimed: CustomerCoupon, for caller: Caller,
        without unreleased: [String: Unavailability]
    ) async -> Served<CouponClient.Redeeming> {
        let answer = await coupon.redeem.call((order, claimed.code), for: caller)
        guard case .live(.refused(let problem)) = answer, problem.code == "coupon-used",
            let reason = unreleased.values.first
        else { return answer }
        return .absent(reason: reason)
    }

    /// Releases another order's redemption; answers why it can't.
    private func release(_ id: String, for caller: Caller) async throws -> Unavailability? {
        guard try await store.order(id) != nil else { return Self.awaitingEarlier }
        if let reason = await coupon.release.call(id, for: caller).reason { return reason }
        try await store.write("saved", store.releasedCoupon(id))
        return nil
    }

    /// Makes another order's coupon good.
    private func makeGood(
        _ id: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async throws -> Repair {
        guard let order = try await store.order(id), order.owesCouponRepair, let claimed = order.coupon
        else { return .unavailable(Self.awaitingEarlier) }
        return await redeemLate(order, claimed, for: caller, without: unreleased)
    }

    private func redeemLate(
        _ order: Order, _ claimed: CustomerCoupon, for caller: Caller,
        without unreleased: [String: Unavailability]
    ) async -> Repair {
        switch await redeem(order, claimed, for: caller, without: unreleased) {
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            return .unavailable(reason)
        case .live(.voided):
            return .settled(
                repairing(order.id) { $0.notRedeemedLate("the redemption had been undone", at: $1) })
        case .live(.refused(let problem)):
            // An earlier try may still be on its way, and must not use the coupon up for nothing.
            let commit = repairing(order.id, also: .releaseRedemption) {
                $0.notRedeemedLate("the coupon was refused: \(problem.reason ?? problem.code)", at: $1)
            }
            let isUsedUp = problem.code == "coupon-used" && order.progress.couponDecision == .skipped
            return isUsedUp ? .usedUp(commit) : .settled(commit)
        case .live(.redeemed(let discount)):
            return .settled(
                repairing(order.id) { order, now in
                    order.redeemedLate(discount: discount, at: now)
                    if Mutant.isOn(.takesBackWhatWasEstimated) { order.redeemed(discount: discount) }
                })
        }
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
            return [kind, owes ? .refundCoupon : nil].compactMap { $0.map { OutgoingMessage($0, id) } }
        }
    }
}
