import ArgumentParser
import Contracts
import Foundation
import Transport

struct Place: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Place one order and print it.",
        discussion: """
            Without --item, orders the first basket of the journey that has a coupon; the customer is named \
            after the key.

            Example: csp place --item P823365:2 --coupon C10000085361
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var order: OrderURLOption

    @Option(help: ArgumentHelp("Customer (default: guest- and the key).", valueName: "id"))
    var customer: String?

    @Option(
        name: .customLong("item"),
        help: ArgumentHelp("What to buy, and how many of it; may be repeated.", valueName: "sku:qty")
    )
    var items: [ItemArgument] = []

    @Option(help: ArgumentHelp("Coupon to use.", valueName: "code"))
    var coupon: String?

    @Flag(help: "Leave the journey's coupon out.")
    var noCoupon = false

    @Option(help: "What to do when the coupon can't be checked: refund-later, order-without or reject.")
    var ifCouponUnavailable: IfCouponUnavailable?

    @Option(help: ArgumentHelp("Refuse a dearer order, in cents.", valueName: "cents"))
    var maxTotal: Int?

    @Option(help: "Payment token: tok_ok, tok_declined, tok_insufficient_funds or tok_slow.")
    var token = "tok_ok"

    @Option(
        help: ArgumentHelp(
            "Idempotency key: the same again gives the same order (default: a new one).", valueName: "key"))
    var key: String?

    @Flag(help: "Print the answer's document as JSON.")
    var json = false

    func validate() throws {
        guard coupon == nil || !noCoupon else {
            throw ValidationError("--coupon and --no-coupon exclude each other")
        }
    }

    func run() async throws {
        let url = try order.url(data.folder)
        let key = key ?? randomHex(UInt64.self)
        let body = try Array(JSON.encode(request(key: key)))
        let client = HTTPClient()
        defer { client.shutdown() }
        let headers = [
            (name: "Content-Type", value: "application/json"), (name: "Idempotency-Key", value: key),
        ]
        let begin = ContinuousClock.now
        let answer: HTTPClient.Response
        do {
            answer = try await client.send(
                .init(
                    method: "POST", url: "\(url)/orders", headers: headers, body: body,
                    connectTimeout: .seconds(1),
                    timeout: .seconds(10)))
        } catch .unreachable(let why) {
            throw Failure("order can't be reached at \(url): \(why)")
        } catch {
            throw Failure(
                """
                order at \(url) gave no answer (\(error.words)); whether it was placed is unknown, ask again \
                with --key \(key)
                """)
        }
        let receipt = Receipt(answer, orderURL: url, key: key, duration: ContinuousClock.now - begin)
        if json {
            Terminal.print(String(decoding: answer.body, as: UTF8.self))
        } else {
            receipt.show()
        }
        if !receipt.isPlaced { throw ExitCode(1) }
    }

    /// The same for the same key: asked again it is the same order.
    func request(key: String) throws -> OrderRequest {
        var basket = Basket(customerId: "", items: items.map(\.item), couponCode: coupon)
        if items.isEmpty {
            let file = try "\(order.seedFolder(data.folder))/orders.jsonl"
            let baskets = try Basket.read(from: file)
            basket = baskets.first { $0.couponCode != nil } ?? baskets[0]
            basket.couponCode = noCoupon ? nil : coupon ?? basket.couponCode
        }
        return OrderRequest(
            customerId: customer ?? "guest-\(key.prefix(200))", items: basket.items,
            couponCode: basket.couponCode,
            ifCouponUnavailable: ifCouponUnavailable, maxTotal: maxTotal, payment: PaymentMeans(token: token))
    }
}
