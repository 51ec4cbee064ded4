/// What `GET /retention` says of one kind of thing that a service keeps.
package struct RetentionStatus: Codable, Sendable, Hashable {
    /// `orders`, `notifications`, `dead letters`.
    package var what: String
    /// Null: for ever.
    @Nullable package var keptForSeconds: Int?
    /// What was created at this time or earlier may have been deleted; null: nothing was.
    @Nullable package var deletedUntil: Timestamp?

    package init(what: String, keptForSeconds: Int?, deletedUntil: Timestamp?) {
        self.what = what
        self.keptForSeconds = keptForSeconds
        self.deletedUntil = deletedUntil
    }
}
