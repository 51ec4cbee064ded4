extension Duration {
    /// The longest time that a policy can be configured with, and waits: a hundred years. A sum of a few fits
    /// in 64 bits of nanoseconds, which clocks and timers use; the longest `Duration` doesn't, and sleeping
    /// for it ends the process.
    static var longest: Duration { .seconds(100 * 365 * 86_400) }

    /// Whether a policy can be configured to wait so long.
    var isReasonable: Bool { self > .zero && self <= .longest }
}
