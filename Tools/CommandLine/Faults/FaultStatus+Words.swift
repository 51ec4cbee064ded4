import Contracts

extension FaultStatus {
    /// One line of text for each fault.
    func lines(of name: ServiceName) -> String {
        let words = faults.isEmpty ? ["no fault"] : faults.map(\.words)
        return words.map { Terminal.column(name.rawValue, 14) + $0 }.joined(separator: "\n")
    }
}

extension FaultStatus.Entry {
    /// `latency 2000 ± 200 ms before POST /redemptions (sheddable), 50 %, 58 s left: bit 3 of 7`
    fileprivate var words: String {
        var kind = fault.kind
        if let status = fault.status { kind += " \(status)" }
        if let delay = fault.milliseconds, delay > 0 {
            let jitter = fault.jitterMilliseconds ?? 0
            kind += jitter > 0 ? " \(delay) ± \(jitter) ms" : " \(delay) ms"
        }
        var bounds = ["\((fault.percent ?? 100).formattedWithoutZeros) %"]
        if let atMost = fault.atMost { bounds.append("\(atMost) at once at most") }
        bounds.append("\(Int(remainingSeconds.rounded(.up))) s left")
        let counts = "bit \(injected) of \(considered)" + (running > 0 ? ", has \(running) now" : "")
        let what = (fault.route ?? "every route") + (fault.criticality.map { " (\($0))" } ?? "")
        return "\(kind) \(fault.when ?? "before") \(what), \(bounds.joined(separator: ", ")): \(counts)"
    }
}
