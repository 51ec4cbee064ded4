import Foundation
import Mutants

/// Makes equal text equal bytes: `é` is one scalar or two; Swift's `==` takes both for the same, a database
/// and a file do not. So text of a request is normalized to NFC before it is compared or kept.
extension String {
    package var canonical: String {
        utf8.allSatisfy { $0 < 0x80 } || Mutant.isOn(.keepsEverySpelling)
            ? self : precomposedStringWithCanonicalMapping
    }
}

extension [ItemQuantity] {
    var canonical: [ItemQuantity] { map { ItemQuantity(sku: $0.sku.canonical, quantity: $0.quantity) } }
}

extension OrderRequest {
    /// With all names in canonical form.
    package var canonical: OrderRequest {
        var canonical = self
        canonical.customerId = customerId.canonical
        canonical.items = items.canonical
        canonical.couponCode = couponCode?.canonical
        return canonical
    }
}

extension RedemptionRequest {
    /// With all names in canonical form.
    package var canonical: RedemptionRequest {
        var canonical = self
        canonical.orderId = orderId.canonical
        canonical.customerId = customerId.canonical
        canonical.code = code.canonical
        canonical.items = items.map {
            PricedItem(sku: $0.sku.canonical, quantity: $0.quantity, unitPrice: $0.unitPrice)
        }
        return canonical
    }
}

extension ReservationRequest {
    /// With all names in canonical form.
    package var canonical: ReservationRequest {
        var canonical = self
        canonical.orderId = orderId.canonical
        canonical.items = items.canonical
        return canonical
    }
}

extension OrderRefundRequest {
    /// With all names in canonical form.
    package var canonical: OrderRefundRequest {
        var canonical = self
        canonical.items = items?.canonical
        return canonical
    }
}
