extension Duration {
    /// The longest time that a policy is configured with, and that it waits: a hundred years. A sum of a few
    /// fits in 64 bits of nanoseconds, as clocks and timers count; the longest `Duration` doesn't, and to
    /// sleep for it ends the process.
    static var longest: Duration { .seconds(100 * 365 * 86_400) }

    /// Whether a policy can be configured to wait so long.
    var isReasonable: Bool { self > .zero && self <= .longest }
}
