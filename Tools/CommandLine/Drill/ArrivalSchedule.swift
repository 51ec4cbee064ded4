/// Rates and lengths of experiments.
struct ArrivalSchedule: Equatable {
    /// The least number of orders for a p99.
    static let sample = 300.0

    /// Orders a second.
    var rate: Double
    /// Seconds of a healthy stretch; a broken one lasts ``Thresholds/isolation`` longer.
    var stretch: Double
    /// Healthy and broken stretches in turn, where a dependency is off the path.
    var rounds: Int
    /// Seconds of an overload.
    var overload: Double

    static let full = ArrivalSchedule(rate: 50, stretch: 10, rounds: 3, overload: 6)
    static let quick = ArrivalSchedule(rate: 60, stretch: sample / 60, rounds: 1, overload: 3)
}
