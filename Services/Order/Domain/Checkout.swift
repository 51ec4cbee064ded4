import Contracts
import Mutants
import Resilience
import ServingPath

/// The checkout of an order as a state machine, without clock, store or network: which step comes next, and
/// what each answer makes of the order. **Reserve → redeem → charge**, always in this order, each step
/// repeatable by the order's id.
///
/// ``RunCheckout`` takes the steps; what follows from an ``Ending`` is a ``Decision``. After an unknown
/// outcome the order is taken up again from the start, and every step answers what it answered before.
struct Checkout: Sendable {
    enum Step: Sendable {
        case reserve
        /// Inventory can't be asked: take prices and stock from the fallback cache.
        case priceFromCache
        case redeem(CustomerCoupon)
        /// Coupon can't be asked: take its rule from the fallback cache.
        case estimateDiscount(CustomerCoupon)
        /// Put the order, discounted by that rule, on disk, if the customer's limit leaves room.
        case saveEstimate(Order, limit: Int)
        /// Put the order on disk: another try could price it differently, and charge another amount.
        case save
        case charge(amount: Int)
        case end(Ending)
    }

    /// How the checkout ended, this time.
    enum Ending: Sendable {
        case paid
        /// A business refusal: another try won't change it.
        case refused(OrderError)
        /// The order was undone in the meantime: everything that arrives for it is refused.
        case voided
        /// Nothing can be promised: inventory can't be asked, and the prices aren't known.
        case priceUnavailable(Unavailability)
        /// The customer would rather not order than order without the coupon.
        case couponUnavailable(Unavailability)
        /// Whether it was reserved is unknown, and nothing was charged. `stock`: of the cache, by SKU.
        case inventoryUnavailable(Unavailability, stock: [String: Int])
        /// Reserved, and whether it was charged is unknown.
        case paymentUnavailable(Unavailability)
    }

    private(set) var order: Order
    private(set) var next = Step.reserve
    /// Stock by SKU, of the fallback cache that priced the order.
    private var cachedStock: [String: Int] = [:]
    /// While a customer waits, an order that can't be reserved is priced from the cache and accepted.
    private let isCustomerWaiting: Bool
    /// False: an order that asks for a coupon is rejected without it, whatever its customer chose.
    private let isCouponOptional: Bool
    /// Why reserve got no answer; while it is set, nothing is charged.
    private var unreserved: Unavailability?
    /// Why redeem got no live answer.
    private var unredeemed: Unavailability?

    init(_ order: Order, isCustomerWaiting: Bool, isCouponOptional: Bool = true) {
        self.order = order
        self.isCustomerWaiting = isCustomerWaiting
        self.isCouponOptional = isCouponOptional
    }

    // MARK: Reserve

    mutating func reserved(_ reservation: Reservation, at now: Timestamp) {
        order.price(reservation)
        order.note(.reserve, .done, at: now)
        order.stockIsVerified(at: now)
        next = afterPricing
    }

    mutating func notReserved(_ failure: DependencyFailure<ProblemDocument>, at now: Timestamp) {
        switch failure {
        case .refused(let problem) where problem.code == "voided": next = .end(.voided)
        case .refused(let problem):
            order.note(.reserve, .refused, problem.code, at: now)
            next = .end(.refused(.refused(problem)))
        case .unavailable(let reason):
            order.note(.reserve, .degraded, reason.code, at: now)
            unreserved = reason
            let mayPrice = isCustomerWaiting && reason.reason != .deadlineExceeded
            if order.isPriced {
                next = .end(.inventoryUnavailable(reason, stock: cachedStock))
            } else {
                next = mayPrice ? .priceFromCache : .end(.priceUnavailable(reason))
            }
        }
    }

    /// - Parameter cached: all products of the order; nil if one of them isn't known, or not lately.
    mutating func pricedFromCache(_ cached: CachedProducts?, at now: Timestamp) {
        guard let reason = unreserved else { return }
        guard let cached else { return next = .end(.priceUnavailable(reason)) }
        order.price(cached, reason: reason.code)
        order.note(.price, .degraded, "as of \(cached.ageSeconds) s ago", at: now)
        cachedStock = cached.products.mapValues(\.available)
        // The coupon is redeemed for these prices, so they are on disk first: live ones may be others.
        next = .save
    }

    private var afterPricing: Step {
        guard let coupon = order.coupon, order.progress.couponDecision == .undecided else {
            return afterCoupon
        }
        return .redeem(coupon)
    }

    // MARK: Redeem

    mutating func redeemed(_ answer: Served<CouponClient.Redeeming>, at now: Timestamp) {
        switch answer {
        case .live(.redeemed(let discount)):
            order.redeemed(discount: discount)
            order.note(.redeem, .done, "\(discount) off", at: now)
            next = .save
        case .live(.voided): next = .end(.voided)
        case .live(.refused(let problem)):
            order.note(.redeem, .refused, problem.code, at: now)
            next = .end(.refused(.couponRefused(reason: problem.reason ?? problem.detail)))
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason):
            // Nothing but a live answer has redeemed anything.
            order.note(.redeem, .degraded, reason.code, at: now)
            unredeemed = reason
            next = order.coupon.map { .estimateDiscount($0) } ?? afterCoupon
        }
    }

    /// - Parameter rule: the coupon's, from the fallback cache; nil if it isn't known, or not lately.
    mutating func estimatedDiscount(by rule: LastGood<Coupon>?, at now: Timestamp) {
        guard let reason = unredeemed else { return }
        var rule = rule
        if Mutant.isOn(.estimatesWhatMayNotBe) { rule?.value.offline = true }
        let (lines, placedAt) = (order.pricedItems, order.document.createdAt)
        guard let rule, let discount = CouponRule(rule.value).offlineDiscount(on: lines, at: placedAt)
        else { return skipCoupon(reason) }
        var estimated = order
        let age = Int(rule.age.components.seconds)
        estimated.estimateCoupon(discount: discount, ageSeconds: age, reason: reason.code)
        estimated.note(.discount, .degraded, "\(discount) off, as of \(age) s ago", at: now)
        next = .saveEstimate(estimated, limit: rule.value.limitPerCustomer)
    }

    /// - Parameter saved: the order with its estimate, on disk; nil where the customer's limit left no room.
    mutating func savedEstimate(as saved: Order?) {
        guard let reason = unredeemed else { return }
        if let saved { self.saved(as: saved) } else { skipCoupon(reason) }
    }

    private mutating func skipCoupon(_ reason: Unavailability) {
        next = .save
        switch isCouponOptional ? order.request.ifCouponUnavailable ?? .refundLater : .reject {
        case .refundLater: order.skipCoupon(reason: reason.code, repair: .refundLater)
        case .orderWithout: order.skipCoupon(reason: reason.code, repair: .none)
        case .reject: next = .end(.couponUnavailable(reason))
        }
    }

    /// The prices, or the decision about the coupon, are on disk.
    mutating func saved(as saved: Order) {
        order = saved
        next = afterPricing
    }

    private var afterCoupon: Step {
        if let limit = order.request.maxTotal, let total = order.document.total, total > limit {
            let isSkipped = order.progress.couponDecision == .skipped
            return .end(.refused(.totalExceeded(total, limit: limit, isCouponSkipped: isSkipped)))
        }
        let amount = order.document.total ?? 0
        if amount > 0 || Mutant.isOn(.demandsATokenForNothing), order.request.payment == nil {
            return .end(.refused(.paymentMissing))
        }
        if let unreserved, !Mutant.isOn(.chargesWithoutReservation) {
            return .end(.inventoryUnavailable(unreserved, stock: cachedStock))
        }
        return amount > 0 ? .charge(amount: amount) : .end(.paid)
    }

    // MARK: Charge

    mutating func charged(_ payment: Payment, at now: Timestamp) {
        order.progress.paymentId = payment.id
        order.note(.charge, .done, payment.id, at: now)
        next = .end(.paid)
    }

    mutating func notCharged(_ failure: DependencyFailure<ProblemDocument>, at now: Timestamp) {
        switch failure {
        case .refused(let problem) where problem.code == "voided": next = .end(.voided)
        case .refused(let problem):
            order.note(.charge, .refused, problem.reason ?? problem.code, at: now)
            next = .end(.refused(.paymentDeclined(reason: problem.reason ?? problem.detail)))
        case .unavailable(let reason):
            order.note(.charge, .degraded, reason.code, at: now)
            next = .end(.paymentUnavailable(reason))
        }
    }
}
