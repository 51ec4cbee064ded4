/// Why a call has no response. The cases differ in what may have happened at the other end.
package enum HTTPClientError: Error, Equatable, Sendable {
    /// Name not found, connection refused, no route, no connection in time: the request was never sent.
    case unreachable(String)
    /// Too many calls to that host are under way, and none ended in time: the request was never sent.
    case noFreeConnection
    /// The total timeout passed after the request began to be sent: outcome unknown.
    case timeout
    /// The connection ended before a whole answer: outcome unknown.
    case closed(String)
    /// What came back isn't HTTP, or breaks it: outcome unknown.
    case garbage(String)
    /// Another service answered, of this name: the address belongs to it now. Outcome unknown.
    case wrongService(String)
    /// The answer's body is over the client's cap: outcome unknown.
    case bodyTooLarge
    /// The calling task was cancelled: outcome unknown.
    case cancelled
    /// The client was shut down before the answer came: outcome unknown.
    case shutDown
    /// The request can't be sent as it is: bad URL, scheme other than http(s), header with CR or LF.
    case invalidRequest(String)

    /// True only where the request certainly had no effect, so that sending it elsewhere or again can't
    /// double it.
    package var nothingWasDone: Bool {
        switch self {
        case .unreachable, .noFreeConnection, .invalidRequest: true
        case .timeout, .closed, .garbage, .wrongService, .bodyTooLarge, .cancelled, .shutDown: false
        }
    }
}
