import NIOCore

/// How long the client of a connection may take for its next step. Bytes that come slowly don't renew its
/// time.
struct ClientClock {
    /// What the connection waits for.
    enum Turn {
        /// The next request.
        case request
        /// The rest of a request's head or body.
        case rest
        /// The service's answer; of the client, that it reads.
        case service
        /// That the client closes its side.
        case close
    }

    private let idleTimeout: TimeAmount
    private let requestTimeout: TimeAmount
    /// When the connection last fell silent, or the head or the body began to arrive.
    private var since = NIODeadline.now()
    /// Whether the parser made a part of the last bytes read, and whether a head has begun that hasn't
    /// arrived as a whole.
    private var hasPart = false
    private var isHeadBegun = false
    /// Whether a request has arrived as a whole: until then the connection has no right to idle for long.
    private var hasAsked = false
    /// Since when the client has read nothing of what is written to it; nil while it reads.
    private var unreadSince: NIODeadline?

    init(idleTimeout: TimeAmount, requestTimeout: TimeAmount) {
        self.idleTimeout = idleTimeout
        self.requestTimeout = requestTimeout
    }

    /// The longest interval between two checks.
    var pause: TimeAmount { min(idleTimeout, requestTimeout) }

    mutating func partCame() { hasPart = true }

    /// Bytes came. If the parser made no part of them between two requests, a head has begun, and its time
    /// with it.
    mutating func readCompleted(betweenRequests: Bool) {
        if !hasPart, betweenRequests, !isHeadBegun {
            isHeadBegun = true
            since = .now()
        }
        hasPart = false
    }

    mutating func headCame() {
        isHeadBegun = false
        since = .now()
    }

    mutating func requestCame() { hasAsked = true }

    mutating func fellSilent() { since = .now() }

    mutating func writabilityChanged(_ isWritable: Bool) { unreadSince = isWritable ? nil : .now() }

    /// What is left of the client's time at `now`, zero or less if it is over; nil if the client has nothing
    /// to do.
    func left(_ turn: Turn, at now: NIODeadline) -> TimeAmount? {
        switch turn {
        case .service: unreadSince.map { requestTimeout - (now - $0) }
        case .request where hasAsked && !isHeadBegun, .close: idleTimeout - (now - since)
        case .request, .rest: requestTimeout - (now - since)
        }
    }
}
