import Foundation
import Resilience
import Transport

/// Browsers that have shown the administrator's token: each has a cookie of 256 random bits. Kept in memory:
/// a restart ends them.
final class Sessions: Sendable {
    private static let most = 100
    static let lifetime: Duration = .seconds(12 * 3600)
    private static let cookie = "csp-session"

    private let ends = Locked<[String: ContinuousClock.Instant]>([:])
    private let time: TimeSource

    init(time: TimeSource) { self.time = time }

    /// A new session, as the value of `Set-Cookie`. The oldest ends where there are too many.
    func begin() -> String {
        let id = (0..<4).map { _ in String(UInt64.random(in: 1 ... .max), radix: 16) }.joined(separator: "-")
        let now = time.now()
        ends.withLock { ends in
            ends = ends.filter { $0.value > now }
            if ends.count >= Self.most, let oldest = ends.min(by: { $0.value < $1.value }) {
                ends[oldest.key] = nil
            }
            ends[id] = now.advanced(by: Self.lifetime)
        }
        let seconds = Int(Self.lifetime / .seconds(1))
        return "\(Self.cookie)=\(id); Path=/; Max-Age=\(seconds); HttpOnly; SameSite=Strict"
    }

    /// - Parameter cookies: the value of `Cookie`.
    func isKnown(_ cookies: String?) -> Bool {
        let own = (cookies ?? "").split(separator: ";").lazy
            .map { $0.trimmingCharacters(in: .whitespaces) }
            .first { $0.hasPrefix("\(Self.cookie)=") }
        guard let id = own?.dropFirst(Self.cookie.count + 1) else { return false }
        let now = time.now()
        return ends.withLock { $0[String(id)].map { $0 > now } ?? false }
    }
}
