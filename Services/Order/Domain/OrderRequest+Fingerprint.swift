import Contracts
import Mutants

extension OrderRequest {
    /// What is asked for, however it is written: two requests with one idempotency key are the same if these
    /// are.
    ///
    /// A default that is written out is no other request than one that leaves it out, nor are the same lines
    /// in another order or in pieces.
    var fingerprint: OrderRequest {
        if Mutant.isOn(.comparesRequestsLiterally) { return self }
        var same = self
        same.items = items.merged.sorted { $0.sku < $1.sku }
        same.ifCouponUnavailable = ifCouponUnavailable ?? .refundLater
        return same
    }
}
