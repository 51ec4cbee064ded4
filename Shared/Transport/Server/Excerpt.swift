extension StringProtocol {
    /// At most the first `count` Unicode scalars, with an ellipsis where something was left out.
    ///
    /// Text of a caller appears in an answer or a log in this form only. A count of characters bounds
    /// nothing: one character may have 100,000 combining marks.
    package func excerpt(_ count: Int = 64) -> String {
        let kept = unicodeScalars.prefix(count)
        return kept.endIndex == unicodeScalars.endIndex
            ? String(self) : String(String.UnicodeScalarView(kept)) + "…"
    }
}
