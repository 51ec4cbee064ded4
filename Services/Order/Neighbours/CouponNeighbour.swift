import Contracts
import Foundation
import Resilience
import ServingPath
import Transport

/// Coupon is optional: its calls can't throw, so that no outage of it can fail an order. What happens instead is the
/// customer's choice (`ifCouponUnavailable`).
///
/// A redemption takes a few milliseconds; a customer loses little by ordering without it and getting the difference back,
/// so it is given up early.
struct CouponNeighbour: Sendable {
    enum Redeeming: Sendable {
        case redeemed(discount: Int)
        case refused(ProblemDocument)
        case voided
    }

    enum Rule: Sendable {
        case known(Coupon)
        case unknown
    }

    let neighbour: Neighbour

    /// Redeems once an order, however often it is asked. After a timeout, whether it was redeemed is unknown.
    func redeem(_ order: Order, code: String, deadline: Deadline, limit: Duration) async -> Served<Redeeming> {
        let request = RedemptionRequest(
            orderId: order.id, customerId: order.request.customerId, code: code, at: order.document.createdAt,
            items: order.pricedItems)
        do {
            let redemption: Redemption = try await neighbour.call(
                "POST", "/redemptions", body: request, expecting: [201], refusals: ["coupon-refused", "coupon-used", "voided"],
                deadline: deadline, limit: limit, criticality: .criticalPlus)
            guard redemption.orderId == order.id, redemption.code == code, redemption.status == .active,
                (0...(order.document.subtotal ?? 0)).contains(redemption.discount)
            else { return .absent(reason: .invalidAnswer) }
            return .live(.redeemed(discount: redemption.discount))
        } catch {
            switch error {
            case .refused(let problem): return .live(problem.code == "voided" ? .voided : .refused(problem))
            case .unavailable(let reason): return .absent(reason: reason)
            }
        }
    }

    func rule(_ code: String, deadline: Deadline, limit: Duration) async -> Served<Rule> {
        let path = code.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? code
        do {
            let coupon: Coupon = try await neighbour.call(
                "GET", "/coupons/\(path)", expecting: [200], refusals: ["not-found"], deadline: deadline, limit: limit,
                criticality: .sheddablePlus)
            return .live(.known(coupon))
        } catch {
            switch error {
            case .refused: return .live(.unknown)
            case .unavailable(let reason): return .absent(reason: reason)
            }
        }
    }

    func release(orderId: String, deadline: Deadline, limit: Duration) async -> Served<Redemption> {
        do {
            let redemption: Redemption = try await neighbour.call(
                "POST", "/redemptions/\(orderId)/release", expecting: [200], deadline: deadline, limit: limit,
                criticality: .sheddable)
            let isReleased = redemption.orderId == orderId && redemption.status == .released
            return isReleased ? .live(redemption) : .absent(reason: .invalidAnswer)
        } catch {
            switch error {
            case .refused: return .absent(reason: .invalidAnswer)
            case .unavailable(let reason): return .absent(reason: reason)
            }
        }
    }
}
