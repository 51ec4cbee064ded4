import Contracts
import Foundation

/// An answer of order, decoded once: an order or a problem.
struct OrderAnswer {
    var status: Int
    /// Seconds; 0 where it asks for none.
    var retryAfter: Double
    var order: OrderDocument?
    var problem: ProblemDocument?
    /// How the body begins, for a person to read.
    var excerpt: String

    init(status: Int, retryAfter: String?, body: [UInt8]) {
        self.status = status
        self.retryAfter = retryAfter.flatMap(Double.init) ?? 0
        let data = Data(body)
        order = try? JSON.decode(OrderDocument.self, from: data)
        problem = order == nil ? try? JSON.decode(ProblemDocument.self, from: data) : nil
        excerpt = String(decoding: body.prefix(200), as: UTF8.self)
    }
}
