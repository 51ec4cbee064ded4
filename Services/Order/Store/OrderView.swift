import Contracts
import Foundation
import GRDB
import Queue
import Storage

/// An order as customers see it. All of it is in the stored document, save what is still being undone for a
/// cancelled order: that is read from the queue, so that it needs no writing as the undoings end.
enum OrderView {
    static func document(_ database: Database, _ order: Order) throws -> Data {
        try JSON.encode(view(database, order))
    }

    static func view(_ database: Database, _ order: Order) throws -> OrderDocument {
        guard order.status == .cancelled else { return order.document }
        return view(order.document, messages: try DurableQueue.kinds(database, key: order.id))
    }

    /// - Parameter messages: the kinds of those that a cancelled order still has.
    static func view(_ cancelled: OrderDocument, messages: [String]) -> OrderDocument {
        var document = cancelled
        document.pending = messages.compactMap { OrderMessage(rawValue: $0)?.undoes }.sorted()
        return document
    }
}
