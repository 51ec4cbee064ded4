import Contracts
import Testing

@testable import InventoryService

@Suite("A reservation in a list")
struct ListedReservationTests {
    @Test("is the same document as by itself, whatever its order id", arguments: ["ord_1", #""items":[]"#])
    func same(orderId: String) throws {
        let items = [ReservedItem(sku: "A", name: #"an "Apple""#, quantity: 2, unitPrice: 359)]
        var reservation = Reservation(
            orderId: orderId, items: items, status: .committed, currency: "USD",
            expiresAt: Timestamp(milliseconds: 0))
        let document = try JSON.encode(reservation)
        reservation.items = []
        #expect(
            try ListedReservation(reservation: reservation, items: JSON.encode(items)).encoded() == document)
    }
}
