import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// As with containers that were stopped together and started in another order.
@Suite(
    "Services that come back with each other's address", .serialized, .timeLimit(.minutes(20)),
    .enabled(if: LoneService.canHaveOwnMounts, "\(LoneService.reason)"))
struct SwappedAddressesTests {
    private static let addresses = ["127.0.71.2", "127.0.71.3"]

    @Test("the next order is confirmed: names are resolved again")
    func swapped() async throws {
        let folder = try TemporaryFolder()
        let client = HTTPClient()
        defer { client.shutdown() }
        let inventory = try await LoneService("inventory", data: folder.path + "/inventory", client: client)
        defer { inventory.process.terminate() }
        func start(_ name: String, at address: Int, _ port: Int = 0) async throws -> LoneService {
            try await LoneService(
                name, host: Self.addresses[address], port: port, data: folder.path + "/" + name,
                client: client)
        }
        func hosts(payment: Int, coupon: Int) -> String {
            """
            127.0.0.1 localhost
            \(Self.addresses[payment]) payment.test
            \(Self.addresses[coupon]) coupon.test

            """
        }
        let file = try folder.write(hosts(payment: 0, coupon: 1), to: "hosts")
        var payment = try await start("payment", at: 0)
        // Both on the same port, as containers may be.
        let port = payment.port
        var coupon = try await start("coupon", at: 1, port)
        defer {
            payment.process.terminate()
            coupon.process.terminate()
        }
        for service in [inventory, payment, coupon] { try await service.untilReady() }
        let order = try await LoneService(
            "order", data: folder.path + "/order", after: "mount --bind \(file) /etc/hosts",
            hasOwnMounts: true,
            settings: [
                "INVENTORY_URL": inventory.url, "PAYMENT_URL": "http://payment.test:\(port)",
                "COUPON_URL": "http://coupon.test:\(port)", "ORDER_BUDGET": "20s",
            ], client: client)
        defer { order.process.terminate() }
        try await order.untilReady()
        func place(_ key: String) async throws -> (status: Int, text: String) {
            let request = OrderRequest(
                customerId: key, items: [ItemQuantity(sku: "P823365", quantity: 2)],
                couponCode: "C10000085361",
                payment: PaymentMeans(token: "tok_ok"))
            let answer = try await order.post("/orders", request, key: key)
            return (answer.status, String(decoding: answer.body, as: UTF8.self))
        }
        let before = try await place("before")
        #expect(before.status == 201, "\(before.text)")

        await payment.kill()
        await coupon.kill()
        // In place: a new file under this name would not be seen through the bind mount.
        try hosts(payment: 1, coupon: 0).write(toFile: file, atomically: false, encoding: .utf8)
        payment = try await start("payment", at: 1, port)
        coupon = try await start("coupon", at: 0, port)
        for service in [payment, coupon] { try await service.untilReady() }
        let after = try await place("after")
        #expect(after.status == 201, "\(after.text)")
    }
}
