package import Contracts
package import GRDB

extension Row {
    /// A text that is one word of `Choice`.
    /// - Throws: `DecodingError` for another text, which a newer version may have written: an unreadable row
    ///   is no failure of the store.
    package func choice<Choice: RawRepresentable<String>>(_ index: Int) throws -> Choice {
        let word: String = self[index]
        guard let choice = Choice(rawValue: word) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: [], debugDescription: "\(word) is no \(Choice.self)"))
        }
        return choice
    }
}

/// Milliseconds since 1970, as an integer.
extension Timestamp: DatabaseValueConvertible {
    package var databaseValue: DatabaseValue { milliseconds.databaseValue }

    package static func fromDatabaseValue(_ value: DatabaseValue) -> Timestamp? {
        Int64.fromDatabaseValue(value).map(Timestamp.init(milliseconds:))
    }
}
