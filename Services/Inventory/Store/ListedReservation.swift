import Contracts
import Foundation

/// A reservation of a list, whose items stay as they lie in their row: they are most of it.
struct ListedReservation: Sendable {
    /// Without its items.
    var reservation: Reservation
    /// JSON.
    var items: Data

    func encoded() throws -> Data {
        var document = try JSON.encode(reservation)
        // No text in it can look like this: quotes in it are escaped.
        guard let place = document.range(of: Data(#""items":[]"#.utf8)) else { return document }
        document.replaceSubrange(place.upperBound - 2..<place.upperBound, with: items)
        return document
    }
}
