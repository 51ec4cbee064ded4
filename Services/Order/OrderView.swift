import Contracts
import Foundation
import GRDB
import Queue
import Storage

/// An order as customers see it. All of it is in the stored document, save what is still being undone for a cancelled
/// order: that is read from the queue, so that it needs no writing as the undoings end.
enum OrderView {
    static func document(_ database: Database, _ order: Order) throws -> Data {
        try JSON.encode(view(database, order))
    }

    static func view(_ database: Database, _ order: Order) throws -> OrderDocument {
        var document = order.document
        if order.status == .cancelled {
            let kinds = try DurableQueue.kinds(database, key: order.id)
            document.pending = kinds.compactMap { Errand(rawValue: $0)?.undoes }.sorted()
        }
        return document
    }
}
