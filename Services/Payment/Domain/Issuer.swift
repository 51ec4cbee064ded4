/// The card issuer, as far as this system has one: the token decides, and always the same way.
enum Issuer {
    enum Decision: Sendable, Equatable {
        case approved
        /// Approved, but the answer takes its time.
        case approvedSlowly(Duration)
        case declined(reason: String)
    }

    static func decide(token: String) -> Decision {
        switch token {
        case "tok_ok": .approved
        case "tok_slow": .approvedSlowly(.seconds(3))
        case "tok_declined": .declined(reason: "declined by the issuer")
        case "tok_insufficient_funds": .declined(reason: "insufficient funds")
        default: .declined(reason: "unknown payment token")
        }
    }
}
