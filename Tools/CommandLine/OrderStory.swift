import Contracts

/// An order in words, as `csp place` and `csp order` print it.
struct OrderStory {
    let order: OrderDocument

    /// - Parameters:
    ///   - note: beside the status.
    ///   - more: what else is known, as names and values.
    func lines(_ note: String? = nil, more: [(String, String)] = []) -> [String] {
        let colour: Terminal.Colour = order.status == .confirmed ? .green : .yellow
        let title = [order.id, Terminal.coloured(order.status.rawValue, colour), note].compactMap { $0 }
        let width = max(8, order.items.map(\.sku.count).max() ?? 0) + 2
        var lines = [title.joined(separator: "  "), ""] + order.items.map { line($0, width) }
        lines += [
            "", sum("subtotal", order.subtotal, width), sum("discount", -order.discount, width),
            sum("total", order.total, width),
        ]
        if order.refunded > 0 { lines.append(sum("refunded", order.refunded, width)) }
        var facts = more
        if let code = order.couponCode { facts.append(("coupon", code)) }
        if !order.pending.isEmpty { facts.append(("pending", order.pending.joined(separator: ", "))) }
        lines += facts.map { "  \(Terminal.column($0, 10))\($1)" }
        if !order.degradations.isEmpty {
            lines += ["", "Otherwise than usual:"] + order.degradations.map(words)
        }
        return lines
    }

    /// - Parameter width: of the column that holds the SKUs.
    private func line(_ item: OrderLine, _ width: Int) -> String {
        let price = item.unitPrice.map { Terminal.money($0) } ?? "?"
        let sum = item.unitPrice.map { Terminal.money($0 * item.quantity) } ?? "?"
        let name = String((item.name ?? "").prefix(38))
        return
            """
              \(Terminal.number("\(item.quantity)", 3)) × \
            \(Terminal.column(item.sku, width))\(Terminal.column(name, 40))\
            \(Terminal.number(price, 8))\(Terminal.number(sum, 10))
            """
    }

    private func sum(_ name: String, _ amount: Int?, _ width: Int) -> String {
        let text = amount.map { Terminal.money($0, order.currency) } ?? "not known yet"
        return "  \(Terminal.column(name, 10))\(Terminal.number(text, 55 + width))"
    }

    private func words(_ degradation: Degradation) -> String {
        let effect =
            switch degradation.effect {
            case .couponSkipped: "ordered without the coupon"
            case .couponEstimated: "discounted by the rule of \(degradation.ageSeconds ?? 0) s ago"
            case .priceCached: "priced as of \(degradation.ageSeconds ?? 0) s ago"
            case .stockUnverified: "its stock is promised, and reserved later"
            case .paymentQueued: "payment is taken later"
            case .notificationQueued: "the message waits in the queue"
            }
        let repair =
            switch degradation.repair {
            case .refundLater: "what it takes off is refunded later"
            case .recordLater: "redeemed later, and what it is worth more is refunded"
            case .finishLater: "finished by itself later"
            case .none: "it stays so"
            }
        let outcome =
            degradation.repaired ? degradation.outcome.map { "made good: \($0)" } ?? "made good" : repair
        return "  \(degradation.dependency): \(effect), because of \(degradation.reason); \(outcome) "
            + "(\(degradation.effect.rawValue), repair \(degradation.repair.rawValue))"
    }
}
