import Contracts

@testable import OrderService

/// What order asks of its neighbours.
enum Request {
    case reserve(orderId: String, [ItemQuantity])
    case commit(orderId: String)
    case release(orderId: String)
    case capture(PaymentRequest)
    case void(orderId: String)
    case refund(paymentId: String, amount: Int, key: String)
    case redeem(RedemptionRequest)
    case releaseRedemption(orderId: String)
    case notify(orderId: String, NotificationKind)
    case reconcile(ReconciliationRequest)
}

enum Answer {
    case reservation(Reservation)
    case payment(Payment)
    case redemption(Redemption)
    case reconciliation(isPending: Bool)
    case done
    case refused(String, reason: String? = nil)
}

/// A service that commits a request's whole effect when the request reaches it, or nothing; what happens to its answer is the
/// network's. It can be out of reach, and forgets nothing then.
class Neighbour {
    let name: String
    let judge: Judge
    let mutant: Mutant?
    /// Until when it can't be reached, and until when it takes longer than anybody waits.
    var downUntil: Int64 = 0
    var slowUntil: Int64 = 0
    /// How often its store was put back to what it was before. What was on its way to or from the earlier process is lost.
    fileprivate(set) var epoch: Int64 = 0

    init(_ name: String, judge: Judge, mutant: Mutant?) {
        self.name = name
        self.judge = judge
        self.mutant = mutant
    }

    func handle(_ request: Request) -> Answer { .refused("not-found") }
}

final class NotificationModel: Neighbour {
    private(set) var stored: [StoredNotification] = []

    override func handle(_ request: Request) -> Answer {
        guard case .notify(let orderId, let kind) = request else { return super.handle(request) }
        let id = "\(orderId):\(kind.rawValue)"
        if mutant != .notificationHasNoInbox, stored.contains(where: { $0.id == id }) { return .done }
        stored.append(
            StoredNotification(
                id: id, orderId: orderId, customerId: "", kind: kind, channel: .log, status: .sent,
                at: Timestamp(milliseconds: 0)))
        judge.told(orderId, kind)
        return .done
    }
}

final class CouponModel: Neighbour {
    /// What a coupon takes off, and of what, changes now and then.
    var rules: [String: Coupon]
    private(set) var redemptions: [String: Redemption] = [:]
    private var backup: [String: Redemption] = [:]
    /// The epoch in which nothing was missing.
    private var completeEpoch: Int64 = 0

    init(_ rules: [Coupon], judge: Judge, mutant: Mutant?) {
        self.rules = Dictionary(uniqueKeysWithValues: rules.map { ($0.code, $0) })
        super.init("coupon", judge: judge, mutant: mutant)
        judge.rules = self.rules
    }

    override func handle(_ request: Request) -> Answer {
        switch request {
        case .redeem(let request): redeem(request)
        case .releaseRedemption(let orderId): release(orderId)
        case .reconcile(let request): reconcile(request)
        default: super.handle(request)
        }
    }

    private func redeem(_ request: RedemptionRequest) -> Answer {
        if let earlier = redemptions[request.orderId] {
            return earlier.status == .active ? .redemption(earlier) : .refused("voided")
        }
        guard !isPending else { return .refused("reconciling") }
        guard let rule = rules[request.code] else { return .refused("coupon-refused", reason: "unknown coupon") }
        guard let discount = rule.discount(on: request.items) else {
            return .refused("coupon-refused", reason: "no eligible item")
        }
        let used = redemptions.values.reduce(0) {
            $0 + ($1.status == .active && $1.code == request.code && $1.customerId == request.customerId ? 1 : 0)
        }
        guard used < rule.limitPerCustomer || mutant == .couponForgetsLimits else {
            return .refused("coupon-used", reason: "used up")
        }
        let redemption = Redemption(
            orderId: request.orderId, customerId: request.customerId, code: request.code, discount: discount, status: .active,
            at: request.at)
        redemptions[request.orderId] = redemption
        judge.redeemed(request.orderId, code: request.code, customer: request.customerId, limit: rule.limitPerCustomer)
        return .redemption(redemption)
    }

    private var isPending: Bool { completeEpoch != epoch && mutant != .couponForgetsThatItForgot }

    func backUp() { backup = redemptions }

    func restore() {
        redemptions = backup
        epoch += 1
        judge.couponRestored(redemptions.values)
    }

    private func reconcile(_ request: ReconciliationRequest) -> Answer {
        guard request.epoch == epoch else { return .refused("other-epoch") }
        guard isPending else { return .reconciliation(isPending: false) }
        let known = Set(request.redemptions.map(\.request.orderId) + request.undecided)
        for redemption in redemptions.values
        where redemption.status == .active && redemption.orderId > request.after ?? ""
            && request.upTo.map({ redemption.orderId <= $0 }) ?? true && !known.contains(redemption.orderId)
        {
            _ = release(redemption.orderId)
        }
        for confirmed in request.redemptions where redemptions[confirmed.request.orderId] == nil {
            let told = confirmed.request
            redemptions[told.orderId] = Redemption(
                orderId: told.orderId, customerId: told.customerId, code: told.code, discount: confirmed.discount,
                status: .active, at: told.at)
            judge.redeemed(
                told.orderId, code: told.code, customer: told.customerId, limit: rules[told.code]?.limitPerCustomer ?? 0)
        }
        if request.upTo == nil { completeEpoch = epoch }
        return .reconciliation(isPending: request.upTo != nil)
    }

    private func release(_ orderId: String) -> Answer {
        if var redemption = redemptions[orderId] {
            redemption.status = .released
            redemptions[orderId] = mutant == .couponForgetsReleases ? nil : redemption
        } else if mutant != .couponForgetsReleases {
            redemptions[orderId] = Redemption(
                orderId: orderId, customerId: nil, code: nil, discount: 0, status: .released, at: Timestamp(milliseconds: 0))
        }
        judge.redemptionReleased(orderId)
        return .done
    }
}
