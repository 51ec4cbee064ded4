import Foundation

extension ResilienceBenchmark.Result {
    var text: String {
        var lines = [
            "policies around a call that doesn't suspend: a call's CPU time, heap allocations, instructions"
        ]
        lines.append(row("", "ns", "over bare", "× bare", "allocations", "instructions"))
        lines += ([bare] + alone + [pipeline]).map(row)
        lines.append("  refused by")
        lines += refusals.map(row)
        lines.append(
            """
              aims: the pipeline at most 350 ns (better 250) over the bare call, a refusal 150 ns; nothing \
            allocated
            """)
        if let uncounted { lines.append("  instructions are not counted: \(uncounted)") }
        if bare.allocations == nil {
            lines.append("  allocations are not counted: `make bench` preloads what counts them")
        }
        lines.append("  one look at the clock: \(fixed(clockNanoseconds, 0)) ns")
        let rates = twoThreads.map { "\($0.name) \(fixed($0.ratio, 2))" }.joined(separator: ", ")
        lines.append(
            """
              two threads' calls a second over one thread's (aim: breaker 1.5): \
            \(rates.isEmpty ? "one processor" : rates)
            """)
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ price: ResilienceBenchmark.Price) -> String {
        row(
            price.name, fixed(price.nanoseconds, 0), fixed(price.nanoseconds - bare.nanoseconds, 0),
            fixed(price.nanoseconds / bare.nanoseconds), price.allocations.map { fixed($0, 2) } ?? "–",
            price.instructions.map { fixed($0, 0) } ?? "–")
    }

    private func row(_ name: String, _ cells: String...) -> String {
        "  " + name.padding(toLength: 16, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 13 - $0.count)) + $0 }.joined()
    }
}
