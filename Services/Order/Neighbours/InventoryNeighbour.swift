import Contracts
import Foundation
import Resilience
import ServingPath
import Transport

/// Inventory is critical: without a reservation there is no sale. Its calls throw.
///
/// A reservation is one transaction over there (a few milliseconds); half a second of patience covers a busy disk and
/// leaves payment the other half of the customer's second.
struct InventoryNeighbour: Sendable {
    /// What counts of a reservation that was committed or released; its lines are known here and not read again.
    private struct Ended: Decodable {
        var orderId: String
        var status: ReservationStatus
    }

    let neighbour: Neighbour

    /// Reserves, or renews what is reserved already for this order. What becomes of it after a timeout is unknown.
    func reserve(_ order: Order, deadline: Deadline, limit: Duration) async throws(CallError) -> Reservation {
        let reservation: Reservation = try await neighbour.call(
            "POST", "/reservations", body: ReservationRequest(orderId: order.id, items: order.request.items), expecting: [201],
            refusals: ["out-of-stock", "unknown-sku", "voided"], deadline: deadline, limit: limit, criticality: .criticalPlus)
        guard Self.fits(reservation, order) else { throw .unavailable(.invalidAnswer) }
        return reservation
    }

    func commit(orderId: String, deadline: Deadline, limit: Duration) async throws(CallError) {
        let ended: Ended = try await neighbour.call(
            "POST", "/reservations/\(orderId)/commit", expecting: [200], refusals: ["out-of-stock", "voided"],
            deadline: deadline, limit: limit, criticality: .sheddable)
        guard ended.orderId == orderId, ended.status == .committed else { throw .unavailable(.invalidAnswer) }
    }

    func release(orderId: String, deadline: Deadline, limit: Duration) async throws(CallError) {
        let ended: Ended = try await neighbour.call(
            "POST", "/reservations/\(orderId)/release", expecting: [200], deadline: deadline, limit: limit,
            criticality: .sheddable)
        guard ended.orderId == orderId, ended.status == .released else { throw .unavailable(.invalidAnswer) }
    }

    func product(_ sku: String, deadline: Deadline, limit: Duration) async throws(CallError) -> Product {
        let path = sku.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? sku
        return try await neighbour.call(
            "GET", "/products/\(path)", expecting: [200], refusals: ["not-found"], deadline: deadline, limit: limit,
            criticality: .sheddablePlus)
    }

    /// An answer for other items, or with a price that no product has, would charge the customer for something else.
    private static func fits(_ reservation: Reservation, _ order: Order) -> Bool {
        let wanted = order.request.items.merged
        let held = reservation.items.map { ItemQuantity(sku: $0.sku, quantity: $0.quantity) }
        return reservation.orderId == order.id && Set(wanted) == Set(held) && held.count == wanted.count
            && reservation.items.allSatisfy { (0...1_000_000_000).contains($0.unitPrice) }
            && (reservation.status == .reserved || reservation.status == .committed)
    }
}
