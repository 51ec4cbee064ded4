import Contracts

@testable import OrderService

/// A customer who wants one order: sends it again with the same key until there is an answer that ends it, and may cancel it
/// or send it twice.
final class Client {
    private static let patience: Int64 = 3000
    private static let tries = 10

    private(set) var keys: [String] = []
    private var key: String
    private var request: OrderRequest
    /// All that it was told.
    private(set) var told: [OrderProcess.Reply] = []
    private unowned let shop: Shop
    private var tries = 0
    private var isDone = false

    init(_ shop: Shop, number: Int) {
        self.shop = shop
        key = "key-\(number)"
        keys = [key]
        request = Self.request(&shop.world.dice)
        let start = shop.world.dice.from(0, Shop.sales)
        shop.world.after(start) { [self] in send() }
        if shop.world.dice.happens(50) { shop.world.after(start + shop.world.dice.from(0, 20)) { [self] in send() } }
        if shop.world.dice.happens(200) {
            let wait = shop.world.dice.happens(500) ? shop.world.dice.from(0, 100) : shop.world.dice.from(0, 10_000)
            shop.world.after(start + wait) { [self] in cancel() }
        }
    }

    private static func request(_ dice: inout Dice) -> OrderRequest {
        var items = [ItemQuantity(sku: dice.one(of: Shop.skus), quantity: Int(dice.from(1, 3)))]
        if dice.happens(300) { items.append(ItemQuantity(sku: dice.one(of: Shop.skus), quantity: 1)) }
        return OrderRequest(
            customerId: dice.one(of: ["H1", "H2", "H3", "H4"]), items: items,
            couponCode: dice.happens(500) ? dice.one(of: ["SAVE", "SAVE", "ONCE", "LARGE", "WRONG"]) : nil,
            ifCouponUnavailable: dice.one(of: [nil, .refundLater, .orderWithout, .reject]),
            maxTotal: dice.happens(100) ? Int(dice.from(100, 900)) : nil,
            payment: PaymentMeans(token: dice.happens(120) ? "tok_declined" : "tok_ok"))
    }

    private func send() {
        guard tries < Self.tries else { return }
        tries += 1
        let (world, network) = (shop.world, shop.network)
        var isAnswered = false
        let timeout = world.after(Self.patience) { [self] in
            isAnswered = true
            again()
        }
        if network.isFaulty, world.dice.happens(20) { return }
        world.after(world.dice.from(1, 20)) { [self] in
            guard let process = shop.process, process.host.isAlive else { return }
            world.after(0, in: process.host) { [self] in
                process.place(request, key: key) { [self] reply in
                    if network.isFaulty, world.dice.happens(30) { return }
                    world.after(world.dice.from(1, 20)) { [self] in
                        guard !isAnswered else { return }
                        isAnswered = true
                        timeout.cancel()
                        answered(reply)
                    }
                }
            }
        }
    }

    private func answered(_ reply: OrderProcess.Reply) {
        told.append(reply)
        switch reply {
        case .problem(503, _, _), .problem(_, "request-in-progress", _): again()
        case .order(.accepted, _, _), .order(.placing, _, _): if shop.world.dice.happens(300) { again() }
        case .problem(402, _, _) where keys.count == 1: useAnotherCard()
        case .order, .problem: if shop.world.dice.happens(50) { again() }
        }
    }

    /// A new order at once, with the same coupon.
    private func useAnotherCard() {
        guard shop.world.dice.happens(800) else { return }
        key += "-again"
        keys.append(key)
        request.payment = PaymentMeans(token: "tok_ok")
        tries = 0
        shop.world.after(shop.world.dice.from(0, 50)) { [self] in send() }
    }

    private func again() { shop.world.after(shop.world.dice.from(100, 2500)) { [self] in send() } }

    private func cancel() {
        guard let process = shop.process else { return }
        shop.world.after(0, in: process.host) { [self] in process.cancel(key: key) }
    }
}
