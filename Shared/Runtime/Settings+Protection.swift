package import ServingPath

extension Settings {
    /// Every number of a dependency's protection, under its name: `COUPON_ATTEMPT_TIMEOUT`.
    ///
    /// A number that is out of its own range is a problem at once; whether the numbers fit together is
    /// checked where the dependency is declared.
    package mutating func protection(_ dependency: String, default protection: Protection) -> Protection {
        var protection = protection
        for number in ProtectionNumber.all {
            guard let value = number.value(protection) else { continue }
            let key = "\(dependency)_\(Self.key(number.name))"
            switch number.unit {
            case .milliseconds:
                // Three calls of the queue in a row must end within the ten seconds that a process has to
                // stop.
                let longest: Duration = number.name == "queueTimeout" ? .seconds(3) : .seconds(3600)
                let time = duration(
                    key, default: .milliseconds(Int64(value)), in: .milliseconds(1)...longest, number.meaning)
                number.set(&protection, time / .milliseconds(1))
            case .count:
                number.set(
                    &protection, Double(integer(key, default: Int(value), in: 0...10_000, number.meaning)))
            case .share:
                number.set(&protection, real(key, default: value, in: 0...1, number.meaning))
            case .perSecond:
                number.set(&protection, real(key, default: value, in: 0...10_000, number.meaning))
            }
        }
        return protection
    }

    /// `attemptTimeout` as a key: `ATTEMPT_TIMEOUT`.
    static func key(_ name: String) -> String {
        name.map { $0.isUppercase ? "_\($0)" : $0.uppercased() }.joined()
    }
}
