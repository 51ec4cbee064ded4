import ArgumentParser
import Contracts

/// A duration as people write it: `250ms`, `30s`, `2m`, `1h`; a bare number is in seconds.
struct DurationArgument: ExpressibleByArgument, Equatable, CustomStringConvertible {
    var duration: Duration

    init(_ duration: Duration) { self.duration = duration }

    init?(argument: String) {
        for (suffix, scale) in [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
        where argument.hasSuffix(suffix) {
            guard let count = Double(argument.dropLast(suffix.count)), count >= 0, count * scale <= 1e6 else {
                continue
            }
            duration = .milliseconds(Int64((count * scale * 1000).rounded()))
            return
        }
        return nil
    }

    var description: String { "\(duration.seconds.formattedWithoutZeros)s" }
}

extension Double {
    /// `30` for 30.0, `0.25` for 0.25.
    var formattedWithoutZeros: String { self == rounded() ? "\(Int64(self))" : "\(self)" }
}
