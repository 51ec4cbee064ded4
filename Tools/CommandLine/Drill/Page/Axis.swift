import Foundation

/// Maps values to positions on a chart, with labelled ticks.
struct Axis {
    enum Kind { case linear, logarithmic }

    let kind: Kind
    let domain: ClosedRange<Double>
    /// In the chart's units; from high to low for a vertical one.
    let from: Double
    let to: Double

    /// Upwards from zero, with room for `most`.
    static func linear(upTo most: Double, from: Double, to: Double) -> Axis {
        Axis(kind: .linear, domain: 0...max(most, 1e-9), from: from, to: to)
    }

    /// Whole decades around the values, which must be above zero.
    static func logarithmic(_ values: [Double], from: Double, to: Double) -> Axis {
        let least = log10((values.min() ?? 1).clamped(above: 0.1)).rounded(.down)
        let most = log10((values.max() ?? 10).clamped(above: 0.1)).rounded(.up)
        return Axis(
            kind: .logarithmic, domain: Double.pow10(least)...Double.pow10(max(most, least + 1)), from: from,
            to: to)
    }

    func position(_ value: Double) -> Double {
        let value = min(max(value, domain.lowerBound), domain.upperBound)
        let share =
            switch kind {
            case .linear: (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
            case .logarithmic:
                (log10(value) - log10(domain.lowerBound))
                    / (log10(domain.upperBound) - log10(domain.lowerBound))
            }
        return from + (to - from) * share
    }

    /// Round values: steps of 1, 2 or 5, about `wanted` of them; or the decades.
    func ticks(_ wanted: Int) -> [Double] {
        switch kind {
        case .logarithmic:
            let decades = Int(log10(domain.lowerBound).rounded())...Int(log10(domain.upperBound).rounded())
            return decades.map { Double.pow10(Double($0)) }
        case .linear:
            let rough = domain.upperBound / Double(wanted)
            let decade = Double.pow10(log10(rough).rounded(.down))
            let step = [1, 2, 5, 10].map { $0 * decade }.first { $0 >= rough * 0.999 } ?? rough
            return stride(from: 0, through: domain.upperBound * 1.0001, by: step).map { $0 }
        }
    }
}

extension Double {
    fileprivate static func pow10(_ exponent: Double) -> Double { pow(10, exponent) }
    fileprivate func clamped(above least: Double) -> Double { max(self, least) }
}
