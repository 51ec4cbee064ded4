import Contracts

/// A way for a service to fail, from the contract's matrix.
enum DrillFault: String, CaseIterable {
    case killed, frozen, slow, errors, garbage
    case blackHoled = "black-holed"

    /// The fault that the service injects; nil if the process is signalled instead.
    func request(seed: UInt64, expiresAfter seconds: Double) -> FaultRequest? {
        switch self {
        case .killed, .frozen: nil
        case .slow: FaultRequest(kind: "latency", milliseconds: 2000, expiresInSeconds: seconds, seed: seed)
        case .errors:
            FaultRequest(kind: "error", percent: 50, expiresInSeconds: seconds, seed: seed, status: 500)
        case .garbage: FaultRequest(kind: "garbage", expiresInSeconds: seconds, seed: seed)
        case .blackHoled: FaultRequest(kind: "black-hole", expiresInSeconds: seconds, seed: seed)
        }
    }

    /// No call gets a useful answer in time, so every order has to go without.
    var isTotal: Bool { self != .errors }

    /// `coupon is frozen (SIGSTOP)`
    func words(_ service: String) -> String {
        switch self {
        case .killed: "\(service) is killed (SIGKILL)"
        case .frozen: "\(service) is frozen (SIGSTOP)"
        case .slow: "\(service) answers 2 s late"
        case .errors: "\(service) answers 500 to half of its requests"
        case .garbage: "\(service) answers 200 with garbage"
        case .blackHoled: "\(service) takes requests and never answers"
        }
    }
}
