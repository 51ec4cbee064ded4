import Contracts

/// Formats the dashboard's figures: short, with their unit, `-` if unknown.
enum FigureText {
    static let unknown = "-"

    /// `0`, `4.2`, `50.1`, `1204`.
    static func rate(_ perSecond: Double?) -> String {
        guard let perSecond else { return unknown }
        if perSecond == 0 { return "0" }
        if perSecond < 0.05 { return "<0.1" }
        return perSecond < 99.95 ? "\(perSecond.rounded(places: 1))" : "\(Int(perSecond.rounded()))"
    }

    /// `0.8 ms`, `12 ms`, `1.2 s`.
    static func latency(_ milliseconds: Double?) -> String {
        guard let milliseconds else { return unknown }
        if milliseconds < 9.95 { return "\(milliseconds.rounded(places: 1)) ms" }
        if milliseconds < 999.5 { return "\(Int(milliseconds.rounded())) ms" }
        return "\((milliseconds / 1000).rounded(places: 1)) s"
    }

    /// In one unit: `0.4s`, `42s`, `12m`, `3h`, `2d`.
    static func age(_ seconds: Double?) -> String {
        guard let seconds else { return unknown }
        switch max(0, seconds) {
        case 0: return "0s"
        case ..<9.95: return "\(seconds.rounded(places: 1))s"
        case ..<60: return "\(Int(seconds))s"
        case ..<3600: return "\(Int(seconds / 60))m"
        case ..<86_400: return "\(Int(seconds / 3600))h"
        default: return "\(Int(seconds / 86_400))d"
        }
    }

    static func count(_ count: Int?) -> String { count.map(String.init) ?? unknown }
}
