import Transport

extension HTTPClientError {
    /// The error as text.
    var words: String {
        switch self {
        case .unreachable(let why), .invalidRequest(let why): why
        case .noFreeConnection: "too many calls are under way"
        case .timeout: "no answer in time"
        case .closed(let why): "closed before the answer: \(why)"
        case .garbage(let why): "the answer isn't HTTP: \(why)"
        case .wrongService(let name): "\(name) answered in its place"
        case .bodyTooLarge: "the answer is too large"
        case .cancelled, .shutDown: "given up"
        }
    }
}
