package import Runtime

/// Payment has no settings of its own yet.
package struct PaymentConfiguration: ServiceConfiguration {
    package init(reading settings: inout Settings) {}
}
