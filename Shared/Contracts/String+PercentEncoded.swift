import Foundation

extension String {
    /// As a segment of a path, or a value of a query.
    package var percentEncoded: String {
        addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? self
    }
}
