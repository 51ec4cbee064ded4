import Contracts

/// One purchase as its client saw it: what it asked for, every request, and the outcome. One line of a
/// history.
struct ClientOperation: Codable, Equatable {
    enum Outcome: String, Codable { case confirmed, cancelled, refused, unresolved, unexpected }

    var key: String
    var request: OrderRequest
    var attempts: [Attempt] = []
    /// Nil while it is under way.
    var outcome: Outcome?
}

/// One request of a client, and what it heard.
struct Attempt: Codable, Equatable {
    enum Call: String, Codable {
        /// `POST /orders`
        case place
        /// `GET /orders/{id}`
        case look
    }

    var call: Call
    var sentAt: Timestamp
    var answeredAt: Timestamp?
    /// Nil where no answer came.
    var status: Int?
    /// Why no answer came.
    var failure: String?
    /// There was no connection, so nothing was done.
    var neverSent: Bool?
    /// The code of the problem document.
    var code: String?
    var orderId: String?
    var total: Int?
    var orderStatus: OrderStatus?
    /// What was degraded; nil if nothing was.
    var degradations: [Degradation]?
}

extension Attempt {
    init(_ call: Call, sentAt: Timestamp, answer: OrderAnswer) {
        self.init(
            call: call, sentAt: sentAt, answeredAt: .now(), status: answer.status, code: answer.problem?.code,
            orderId: answer.order?.id ?? answer.problem?.orderId, total: answer.order?.total,
            orderStatus: answer.order?.status,
            degradations: answer.order.flatMap { $0.degradations.isEmpty ? nil : $0.degradations })
    }

    init(_ call: Call, sentAt: Timestamp, failure: String, neverSent: Bool) {
        self.init(call: call, sentAt: sentAt, failure: failure, neverSent: neverSent ? true : nil)
    }
}

extension Ending {
    var outcome: ClientOperation.Outcome {
        switch self {
        case .confirmed: .confirmed
        case .refused: .refused
        case .cancelled: .cancelled
        case .unresolved: .unresolved
        case .unexpected: .unexpected
        }
    }
}
