import Contracts
import Foundation
import Transport

/// The answer to one order, in words.
struct Receipt {
    private let answer: HTTPClient.Response
    private let orderURL: String
    /// The idempotency key that it was placed with.
    private let key: String
    private let duration: Duration
    private let order: OrderDocument?

    init(_ answer: HTTPClient.Response, orderURL: String, key: String, duration: Duration) {
        self.answer = answer
        self.orderURL = orderURL
        self.key = key
        self.duration = duration
        order = try? JSON.decode(OrderDocument.self, from: Data(answer.body))
    }

    /// Confirmed, or durably accepted.
    var isPlaced: Bool { order != nil && (answer.status == 201 || answer.status == 202) }

    /// The order on stdout, or a refusal on stderr.
    func show() {
        if let order, (200...202).contains(answer.status) {
            Terminal.print(text(order))
        } else {
            Terminal.error(refusal)
        }
    }

    var refusal: String {
        guard let problem = try? JSON.decode(ProblemDocument.self, from: Data(answer.body)) else {
            let body = String(decoding: answer.body.prefix(200), as: UTF8.self)
            return "order at \(orderURL) gave an answer that isn't in the contract: \(answer.status) \(body)"
        }
        let reason = problem.reason.flatMap { problem.detail.contains($0) ? nil : " (\($0))" } ?? ""
        let skus = (problem.skus ?? []).map { "\($0.sku): \($0.requested) wanted, \($0.available) there" }
        let errors = (problem.errors ?? []).map { "\($0.pointer) \($0.detail)" }
        let order = problem.orderId.map { ["order     \($0)"] } ?? []
        return
            (["refused: \(problem.code)\(reason), status \(answer.status): \(problem.detail)"] + skus + errors + order
            + ["key       \(key)"])
            .joined(separator: "\n  ")
    }

    func text(_ order: OrderDocument) -> String {
        let colour: Terminal.Colour = order.status == .confirmed ? .green : .yellow
        let replayed = answer.header("Idempotent-Replayed") == "true" ? ", placed before with this key" : ""
        var lines = [
            "\(order.id)  \(Terminal.coloured(order.status.rawValue, colour))  "
                + "(\(answer.status) in \(Terminal.milliseconds(duration))\(replayed))", "",
        ]
        let width = max(8, order.items.map(\.sku.count).max() ?? 0) + 2
        lines += order.items.map { line($0, width) }
        lines += [
            "", sum("subtotal", order.subtotal, order), sum("discount", -order.discount, order),
            sum("total", order.total, order),
        ]
        if order.refunded > 0 { lines.append(sum("refunded", order.refunded, order)) }
        if let code = order.couponCode { lines.append("  coupon    \(code)") }
        lines.append("  key       \(key)")
        if !order.pending.isEmpty { lines.append("  pending   \(order.pending.joined(separator: ", "))") }
        if !order.degradations.isEmpty { lines += ["", "Otherwise than usual:"] + order.degradations.map(words) }
        lines += ["", "GET \(orderURL)/orders/\(order.id)/timeline tells its story."]
        return lines.joined(separator: "\n")
    }

    /// - Parameter width: of the column that holds the SKUs.
    private func line(_ item: OrderLine, _ width: Int) -> String {
        let price = item.unitPrice.map { Terminal.money($0) } ?? "?"
        let sum = item.unitPrice.map { Terminal.money($0 * item.quantity) } ?? "?"
        let name = String((item.name ?? "").prefix(38))
        return "  \(Terminal.number("\(item.quantity)", 3)) × \(Terminal.column(item.sku, width))\(Terminal.column(name, 40))"
            + "\(Terminal.number(price, 8))\(Terminal.number(sum, 10))"
    }

    private func sum(_ name: String, _ amount: Int?, _ order: OrderDocument) -> String {
        let text = amount.map { Terminal.money($0, order.currency) } ?? "not known yet"
        return "  \(Terminal.column(name, 10))\(Terminal.number(text, 65))"
    }

    private func words(_ degradation: Degradation) -> String {
        let effect =
            switch degradation.effect {
            case .couponSkipped: "ordered without the coupon"
            case .couponEstimated: "discounted by the rule of \(degradation.ageSeconds ?? 0) s ago"
            case .priceCached: "priced as of \(degradation.ageSeconds ?? 0) s ago"
            case .stockUnverified: "its stock is promised, and reserved later"
            case .paymentQueued: "payment is taken later"
            case .notificationQueued: "the message waits in the queue"
            }
        let repair =
            switch degradation.repair {
            case .refundLater: "what it takes off is refunded later"
            case .recordLater: "redeemed later, and what it is worth more is refunded"
            case .finishLater: "finished by itself later"
            case .none: "it stays so"
            }
        let outcome = degradation.repaired ? degradation.outcome.map { "made good: \($0)" } ?? "made good" : repair
        return "  \(degradation.dependency): \(effect), because of \(degradation.reason); \(outcome) "
            + "(\(degradation.effect.rawValue), repair \(degradation.repair.rawValue))"
    }
}
