import Foundation

extension ResilienceBenchmark.Result {
    var text: String {
        let bare = self.bare
        let over = { (price: ResilienceBenchmark.Price) in price.nanoseconds - bare.nanoseconds }
        var lines = ["policies around a call that doesn't suspend (ns a call, CPU time; allocations and instructions a call)"]
        lines.append(row("", "ns", "over bare", "x bare", "allocs", "instr"))
        for price in [bare] + alone + [pipeline] {
            lines.append(
                row(
                    price.name, fixed(price.nanoseconds, 0), fixed(over(price), 0),
                    fixed(price.nanoseconds / bare.nanoseconds), price.allocations.map { fixed($0, 2) } ?? "-",
                    price.instructions.map { fixed($0, 0) } ?? "-"))
        }
        lines.append("  refused by")
        for price in refusals {
            lines.append(
                row(
                    price.name, fixed(price.nanoseconds, 0), fixed(over(price), 0),
                    fixed(price.nanoseconds / bare.nanoseconds), price.allocations.map { fixed($0, 2) } ?? "-",
                    price.instructions.map { fixed($0, 0) } ?? "-"))
        }
        lines.append("  one look at the clock: \(fixed(clockNanoseconds, 0)) ns")
        for (name, ratio) in twoThreads {
            lines.append("  two threads on one \(name): \(fixed(ratio, 2)) x one thread's rate")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func row(_ name: String, _ cells: String...) -> String {
        "  " + name.padding(toLength: 16, withPad: " ", startingAt: 0)
            + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
    }
}
