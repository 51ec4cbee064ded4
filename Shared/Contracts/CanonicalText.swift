import Foundation
import Mutants

/// Text that means the same is the same: `é` is one character or two, and Swift's `==` doesn't tell them
/// apart, while a database and a file do. So what comes from outside is brought into one form, NFC, before it
/// is compared or kept.
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
