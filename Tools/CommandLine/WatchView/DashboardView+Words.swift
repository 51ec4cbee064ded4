import Contracts
import Foundation
import StackView

extension DashboardView {
    /// `unknown 12s` with the age of the last answer; a dash if there was none.
    func unknown(sinceOf name: ServiceName) -> String {
        let age = dashboard.services.first { $0.name == name }?.ageSeconds ?? 0
        return age >= Dashboard.old ? "unknown \(FigureText.age(age))" : FigureText.unknown
    }

    /// `ready`, or `frozen 12s` with the age of the last answer.
    func state(_ service: Dashboard.Service) -> String {
        let word = service.state == .silent ? "silent" : service.state.rawValue
        guard let age = service.ageSeconds, age >= Dashboard.old else { return word }
        return "\(word) \(FigureText.age(age))"
    }

    func colour(_ state: Dashboard.Condition) -> StyledLine.Style {
        switch state {
        case .ready: .green
        case .degraded, .starting, .draining, .silent, .frozen: .yellow
        case .dead: .red
        }
    }

    /// `closed`, `open, 0.8s` with the rest of the open duration, or `unknown 12s` with the age of order's
    /// answer.
    func breaker(_ dependency: Dashboard.Dependency) -> String {
        if dependency.breaker == Dashboard.Dependency.unknown {
            return "unknown \(FigureText.age(dependency.ageSeconds))"
        }
        guard dependency.breaker == "open", let left = dependency.retryAfterMilliseconds else {
            return dependency.breaker
        }
        return "open, \(FigureText.age(Double(left) / 1000))"
    }

    func colour(breaker state: String) -> StyledLine.Style {
        switch state {
        case "closed": .green
        case "open": .red
        default: .yellow
        }
    }

    func latencies(_ latency: Dashboard.Latency?) -> [String] {
        [FigureText.latency(latency?.p50Milliseconds), FigureText.latency(latency?.p99Milliseconds)]
    }

    /// An order's id, or its end where there is no room: ends distinguish ids.
    func subject(_ event: WatchEvent) -> String {
        guard width < 110, event.subject.hasPrefix("ord_"), event.subject.count > 14 else {
            return event.subject
        }
        return "ord_…\(event.subject.suffix(8))"
    }

    /// `12:03:04`.
    func clock(_ time: Timestamp) -> String {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        let day = 86_400
        let seconds =
            (Int((Double(time.milliseconds) / 1000).rounded(.down)) + zone.secondsFromGMT(for: date)) % day
        let time = [seconds / 3600, seconds / 60 % 60, seconds % 60]
        return time.map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}
