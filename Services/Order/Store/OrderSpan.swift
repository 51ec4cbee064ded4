import Contracts
import Telemetry
import Tracing

extension ServiceSpan {
    /// The order that is written in it. One that didn't go the straight way is always worth its trace.
    func note(_ order: Order) {
        set("csp.order.id", .string(order.id))
        set("csp.order.status", .string(order.status.rawValue))
        let degradations = order.document.degradations
        if !degradations.isEmpty {
            set("csp.degradations", .string(degradations.map(\.effect.rawValue).joined(separator: ",")))
        }
        switch order.status {
        case .placing: break
        case .confirmed: if !degradations.isEmpty { keep() }
        case .accepted, .rejected, .cancelled: keep()
        }
    }
}
