import Contracts
import GRDB
import Queue
import Resilience
import ServingPath
import Storage

/// Asks coupon for an order once what comes before it has been settled: see ``CouponUse``.
struct CouponClaims: Sendable {
    /// Other orders that are settled for one whose customer waits; more of them are left to the queue.
    private static let mostForCustomer = 8

    let store: Store
    let queue: DurableQueue
    let coupon: CouponNeighbour
    let turns: CouponTurns
    let wall: @Sendable () -> Timestamp

    /// Redeems for an order whose coupon isn't decided yet. Only in the order's turn.
    func redeem(_ order: Order, code: String, for caller: Caller) async throws -> Served<CouponNeighbour.Redeeming> {
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
                    settled < Self.mostForCustomer ? try await release(id, for: caller) : Unavailability(.awaitingEarlier)
                settled += 1
            case .makeGood(let id):
                guard settled < Self.mostForCustomer else { return .absent(reason: Unavailability(.awaitingEarlier)) }
                settled += 1
                switch try await makeGood(id, for: caller, without: unreleased) {
                case .done: break
                // It may be this order, begun before a crash, that uses the coupon up, and it may still be cancelled.
                case .usedUp: usedUp.insert(id)
                case .unavailable(let reason): return .absent(reason: reason)
                }
            }
        }
    }

    /// For an order that has waited for its turn as long as it may: among many at once coupon decides, as long as nothing was
    /// given or promised that coupon doesn't know.
    func redeemOutOfTurn(
        _ order: Order, code: String, for caller: Caller
    ) async throws -> Served<CouponNeighbour.Redeeming> {
        turns.askOutOfTurn(order.id)
        let uses = try await store.read {
            try OrderStore.couponUses($0, code: code, customerId: order.request.customerId)
        }
        let others = uses.filter { $0.orderId != order.id && ![.asked, .toRelease].contains($0.state) }
        let unreleased = uses.filter { $0.state == .toRelease }.map { ($0.orderId, Unavailability(.awaitingEarlier)) }
        let limit = coupon.lastKnown.lookup(code)?.value.limitPerCustomer
        guard CouponUse.turn(of: order.id, .asked, among: others, limit: limit) == .redeem else {
            return .absent(reason: Unavailability(.awaitingEarlier))
        }
        return await redeem(order, code, for: caller, without: Dictionary(unreleased) { first, _ in first })
    }

    /// How an order's coupon was made good, or why it wasn't.
    enum Made: Sendable {
        /// What is to be written.
        case done(Commit)
        /// The same: coupon says that the customer has used it up.
        case usedUp(Commit)
        /// It waits for an order that hasn't ended: when that ends, it is taken up again.
        case waiting(Commit)
        case unavailable(Unavailability)
    }

    /// Redeems for a confirmed order that was estimated or skipped, in its turn.
    func makeGood(_ order: Order, code: String) async throws -> Made {
        let made = try await turns.take(order.couponKey(code), for: order.id) { () async throws -> Made in
            var unreleased: [String: Unavailability] = [:]
            while true {
                switch try await turn(of: order, code, without: Set(unreleased.keys)) {
                case .redeem: return await redeemLate(order, code, for: .queue, without: unreleased)
                case .wait: return .waiting(takenUpAgain(order, code: code))
                case .release(let id): unreleased[id] = try await release(id, for: .queue)
                case .makeGood(let id):
                    switch try await makeGood(id, for: .queue, without: unreleased) {
                    case .done: break
                    case .usedUp(let commit): try await store.write("saved") { try commit($0) }
                    case .unavailable(let reason): return .unavailable(reason)
                    }
                }
            }
        }
        return made ?? .unavailable(Unavailability(.awaitingEarlier))
    }

    /// - Parameter tried: orders for which nothing could be done just now; coupon may have room all the same.
    private func turn(of order: Order, _ code: String, without tried: Set<String>) async throws -> CouponUse.Turn {
        // Looked up before the claims are read: one that ends in between has left when its claim is still seen.
        let undecided = turns.undecided
        return try await store.read { try turn($0, of: order, code, without: tried, undecided: undecided) }
    }

    private func turn(
        _ database: Database, of order: Order, _ code: String, without tried: Set<String> = [],
        undecided: Set<String> = []
    ) throws -> CouponUse.Turn {
        let uses = try OrderStore.couponUses(database, code: code, customerId: order.request.customerId)
        let state = order.couponUse ?? .asked
        let others = others(than: order.id, uses).filter { other in
            !tried.contains(other.orderId)
                && !(state == .asked && other.state == .asked && undecided.contains(other.orderId))
        }
        return CouponUse.turn(
            of: order.id, state, among: others,
            limit: coupon.lastKnown.lookup(code)?.value.limitPerCustomer)
    }

    /// Without those that haven't asked coupon for anything yet.
    func others(than orderId: String, _ uses: [CouponUse]) -> [CouponUse] {
        uses.filter { $0.orderId != orderId && !($0.state == .asked && turns.isNewcomer($0.orderId)) }
    }

    /// In the transaction that removes its message: the order that it waited for may have ended since.
    private func takenUpAgain(_ order: Order, code: String) -> Commit {
        { database in
            guard try turn(database, of: order, code) != .wait else { return }
            try queue.add(database, .repairCoupon, order.id)
        }
    }

    /// What coupon says; that it is used up is no answer as long as a redemption could not be released.
    private func redeem(
        _ order: Order, _ code: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async -> Served<CouponNeighbour.Redeeming> {
        let answer = await coupon.redeem(order, code: code, for: caller)
        if case .live(.refused(let problem)) = answer, problem.code == "coupon-used", let reason = unreleased.values.first {
            return .absent(reason: reason)
        }
        return answer
    }

    /// Releases another order's redemption; answers why it can't.
    private func release(_ id: String, for caller: Caller) async throws -> Unavailability? {
        switch await coupon.release(orderId: id, for: caller) {
        case .live:
            return try await store.write("saved") { database in
                guard let order = try OrderStore.order(database, id: id) else { return Unavailability(.awaitingEarlier) }
                try OrderStore.releasedCouponUse(database, of: order)
                return nil
            }
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): return reason
        }
    }

    private enum MadeForOther: Sendable {
        case done
        /// Coupon says so; what is to be written if that is the last word.
        case usedUp(Commit)
        case unavailable(Unavailability)
    }

    /// Makes another order's coupon good.
    private func makeGood(
        _ id: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async throws -> MadeForOther {
        guard let order = try await store.read({ try OrderStore.order($0, id: id) }), order.owesCouponRepair,
            let code = order.request.couponCode
        else { return .unavailable(Unavailability(.awaitingEarlier)) }
        switch await redeemLate(order, code, for: caller, without: unreleased) {
        case .usedUp(let commit) where order.progress.couponDecision == .skipped: return .usedUp(commit)
        case .done(let commit), .waiting(let commit), .usedUp(let commit):
            try await store.write("saved") { try commit($0) }
            return .done
        case .unavailable(let reason): return .unavailable(reason)
        }
    }

    private func redeemLate(
        _ order: Order, _ code: String, for caller: Caller, without unreleased: [String: Unavailability]
    ) async -> Made {
        switch await redeem(order, code, for: caller, without: unreleased) {
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            .unavailable(reason)
        case .live(.voided):
            .done(done(order.id) { $0.notRedeemedLate("the redemption had been undone", at: $1) })
        case .live(.refused(let problem)):
            refused(order.id, problem)
        case .live(.redeemed(let discount)):
            .done(done(order.id) { $0.redeemedLate(discount: discount, at: $1) })
        }
    }

    private func refused(_ id: String, _ problem: ProblemDocument) -> Made {
        // An earlier try may still be on its way, and must not use the coupon up for nothing.
        let commit = done(id, also: .releaseRedemption) {
            $0.notRedeemedLate("the coupon was refused: \(problem.reason ?? problem.code)", at: $1)
        }
        return problem.code == "coupon-used" ? .usedUp(commit) : .done(commit)
    }

    /// The repaired order and what is left to do for it.
    private func done(
        _ id: String, also errand: Errand? = nil, _ change: @escaping @Sendable (inout Order, Timestamp) -> Void
    ) -> Commit {
        { [queue, wall] database in
            // Another order's turn may have settled it.
            guard var order = try OrderStore.order(database, id: id), order.owesCouponRepair,
                order.progress.couponDecision != .redeemed
            else { return }
            change(&order, wall())
            try OrderStore.save(database, order, document: JSON.encode(order.document))
            if let errand {
                try OrderStore.releasesCouponUse(database, of: order)
                try queue.add(database, errand, id)
            }
            if order.owesCouponRepair { try queue.add(database, .refundCoupon, id) }
        }
    }
}

extension Order {
    func couponKey(_ code: String) -> CouponTurns.Key { .init(code: code, customerId: request.customerId) }
}
