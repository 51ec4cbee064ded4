/// The answer of every list: whole documents, and the opaque cursor of the next page, `null` at the end.
package struct Page<Item: Codable & Sendable>: Codable, Sendable {
    package var items: [Item]
    @Nullable package var nextCursor: String?

    package init(items: [Item], nextCursor: String? = nil) {
        self.items = items
        self.nextCursor = nextCursor
    }
}
