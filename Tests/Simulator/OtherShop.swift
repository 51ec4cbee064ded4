import Contracts
import Foundation
import Transport

/// Another shop, which has the same warehouse and the same bank: it sells in another currency, and sets goods
/// aside that it never takes.
struct OtherShop: Sendable {
    /// Ids of its orders begin so.
    static let prefix = "other-"

    let network: Network
    let host: Host

    func charge(_ number: Int) async {
        let id = "\(Self.prefix)\(number)"
        let payment = PaymentRequest(
            orderId: id, customerId: "O", amount: 10 + number, currency: "EUR", token: "tok_ok")
        await send("payment", "/payments", payment, key: id)
    }

    func reserve(_ number: Int) async {
        let reservation = ReservationRequest(
            orderId: "\(Self.prefix)\(number)", items: [ItemQuantity(sku: "DATES", quantity: 1)])
        await send("inventory", "/reservations", reservation)
    }

    private func send(
        _ service: String, _ path: String, _ body: some Encodable, key: String? = nil
    ) async {
        var request = HTTPClient.Request(
            method: "POST", url: "http://\(service)\(path)", connectTimeout: .seconds(3), timeout: .seconds(3)
        )
        request.headers = [
            (name: "Authorization", value: "Bearer \(Tokens.service)"),
            (name: "Content-Type", value: "application/json"),
        ]
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        request.body = (try? JSON.encode(body)).map { Array($0) }
        _ = try? await network.sender(in: host).send(request)
    }
}
