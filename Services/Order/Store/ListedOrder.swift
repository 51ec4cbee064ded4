import Contracts
import Foundation

/// An order as it lies in its row: decoding takes a hundred times as long as reading.
struct ListedOrder: Sendable {
    var id: String
    var createdAt: Timestamp
    /// Of an order that has no document yet.
    var request: Data?
    var document: Data?
    /// The kinds of the messages that a cancelled order still has; nil for every other.
    var messages: [String]?

    var bytes: Int { (request ?? document)?.count ?? 0 }

    /// As customers see it. Most lie in their row just so.
    func encoded() throws -> Data {
        if let document, messages == nil, Self.isComplete(document) { return document }
        let stored = try document.map { try JSON.decode(OrderDocument.self, from: $0) }
        let order =
            try stored
            ?? Order(
                id: id, request: JSON.decode(OrderRequest.self, from: request ?? Data()).canonical,
                at: createdAt
            ).document
        return try JSON.encode(messages.map { OrderView.view(order, messages: $0) } ?? order)
    }

    /// Older documents lack the member. No text in one looks like it: quotes are escaped.
    private static func isComplete(_ document: Data) -> Bool {
        // It stands behind the lines, which are the longest part. From the front the search took a third of
        // a list's time.
        document.range(of: member, options: .backwards) != nil
    }
    private static let member = Data(#""refunds":["#.utf8)
}
