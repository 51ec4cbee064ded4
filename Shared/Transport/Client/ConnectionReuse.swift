/// Which kept connections a call may use, in libcurl's terms: a maximum age in whole seconds.
///
/// After another service has answered, every connection that is older than its answer may lead to it too.
struct ConnectionReuse: Equatable {
    /// A new connection has to be made.
    let isForbidden: Bool
    /// Seconds since a connection was made, rounded down; 0 is any age.
    let maximumAge: Int

    /// - Parameter distrust: connections from before this are not used; nil: all may be.
    init(now: ContinuousClock.Instant, distrust: ContinuousClock.Instant?) {
        guard let distrust else {
            isForbidden = false
            maximumAge = 0
            return
        }
        // A second less, because both ages are rounded: a connection from before the answer is at least this
        // old.
        maximumAge = max(0, Int(distrust.duration(to: now).components.seconds) - 1)
        isForbidden = maximumAge == 0
    }
}
