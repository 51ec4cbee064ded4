import Contracts
import Foundation
import Transport

/// The answer to one order, as text.
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
            (["refused: \(problem.code)\(reason), status \(answer.status): \(problem.detail)"] + skus + errors
            + order
            + ["key       \(key)"])
            .joined(separator: "\n  ")
    }

    func text(_ order: OrderDocument) -> String {
        let replayed = answer.header("Idempotent-Replayed") == "true" ? ", placed before with this key" : ""
        let note = "(\(answer.status) in \(Terminal.milliseconds(duration))\(replayed))"
        let story = OrderStory(order: order).lines(note, more: [("key", key)])
        return (story + ["", "csp order \(order.id) --url \(orderURL) tells its story."]).joined(
            separator: "\n")
    }
}
