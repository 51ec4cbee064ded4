/// What one service says of its store, or has seen of another's. In the `csp-store` header:
/// `payment/ID/EPOCH/COMMITS`.
package struct ServiceStore: Codable, Sendable, Hashable, CustomStringConvertible {
    package static let header = "csp-store"

    package var service: String
    package var store: StoreMark

    package init(service: String, store: StoreMark) {
        self.service = service
        self.store = store
    }

    /// Nil where the text isn't a header's value.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, !parts[0].isEmpty, !parts[1].isEmpty, let epoch = Int64(parts[2]), epoch >= 0,
            let commits = Int64(parts[3]), commits >= 0
        else { return nil }
        self.init(
            service: String(parts[0]), store: StoreMark(id: String(parts[1]), epoch: epoch, commits: commits))
    }

    package var description: String { "\(service)/\(store.id)/\(store.epoch)/\(store.commits)" }
}
