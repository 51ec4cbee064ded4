import Contracts
import Foundation

/// One line of a journey: what one customer buys at once.
struct Basket: Codable, Equatable {
    var customerId: String
    var items: [ItemQuantity]
    var couponCode: String?

    /// The baskets of a file with one JSON object a line, in order.
    ///
    /// - Throws: ``Failure`` naming the file and the line.
    static func read(from file: String) throws -> [Basket] {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure("\(file) can't be read")
        }
        return try parse(String(decoding: data, as: UTF8.self), file: file)
    }

    static func parse(_ text: String, file: String) throws -> [Basket] {
        var baskets: [Basket] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy(\.isWhitespace) { continue }
            guard let basket = try? JSON.decode(Basket.self, from: Data(line.utf8)) else {
                throw Failure(
                    """
                    \(file) line \(index + 1) isn't a basket {customerId, items: [{sku, quantity}], \
                    couponCode?}
                    """)
            }
            baskets.append(basket)
        }
        guard !baskets.isEmpty else { throw Failure("\(file) holds no basket") }
        return baskets
    }
}
