/// The body of every error: RFC 9457 `application/problem+json`, with the members of the contract beside the
/// standard ones.
package struct ProblemDocument: Codable, Sendable, Hashable {
    /// A stable URN, `urn:csp:problem:CODE`.
    package var type: String
    package var title: String
    package var status: Int
    package var detail: String
    /// The path of the request that met the problem.
    package var instance: String?
    package var code: String
    /// Each invalid field of the request (422 `invalid-request`).
    package var errors: [FieldError]?
    /// Each SKU that can't be had (409 `out-of-stock`) or isn't known (422 `unknown-sku`).
    package var skus: [ShortSKU]?
    /// Why the issuer or the coupon's rules refused.
    package var reason: String?
    /// Minor units that can still be refunded (422 `refund-exceeds-capture`).
    package var left: Int?
    /// The order that was refused.
    package var orderId: String?

    package init(
        status: Int, code: String, title: String, detail: String, instance: String? = nil,
        errors: [FieldError]? = nil,
        skus: [ShortSKU]? = nil, reason: String? = nil, left: Int? = nil, orderId: String? = nil
    ) {
        self.type = "urn:csp:problem:\(code)"
        self.title = title
        self.status = status
        self.detail = detail
        self.instance = instance
        self.code = code
        self.errors = errors
        self.skus = skus
        self.reason = reason
        self.left = left
        self.orderId = orderId
    }
}

package struct FieldError: Codable, Sendable, Hashable {
    /// A JSON pointer (RFC 6901) into the request's body; empty for the whole body.
    package var pointer: String
    package var detail: String

    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}

package struct ShortSKU: Codable, Sendable, Hashable {
    package var sku: String
    package var requested: Int
    /// 0 for a SKU that isn't in the catalogue.
    package var available: Int

    package init(sku: String, requested: Int, available: Int) {
        self.sku = sku
        self.requested = requested
        self.available = available
    }
}
