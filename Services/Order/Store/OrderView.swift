import Contracts
import Foundation
import GRDB
import Queue

/// An order as customers see it: as it is stored, save what is still being undone for a cancelled one. That
/// is read from the queue, so that it needs no writing as the undoings end.
enum OrderView {
    static func document(_ database: Database, _ order: Order) throws -> Data {
        guard order.status == .cancelled else { return try JSON.encode(order.document) }
        let messages = try DurableQueue.kinds(database, key: order.id)
        return try JSON.encode(view(order.document, messages: messages))
    }

    /// - Parameter messages: the kinds of those that a cancelled order still has.
    static func view(_ cancelled: OrderDocument, messages: [String]) -> OrderDocument {
        var document = cancelled
        document.pending = messages.compactMap { OrderMessage(rawValue: $0)?.undoes }.sorted()
        return document
    }
}
