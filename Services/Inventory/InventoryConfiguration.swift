package import Runtime

/// Every knob of the inventory service; the only file here that reads settings.
package struct InventoryConfiguration: ServiceConfiguration {
    /// How long a reservation holds its stock; longer than an order may stay accepted.
    var reservationLifetime: Duration

    package init(reading settings: inout Settings) {
        reservationLifetime = settings.duration(
            "RESERVATION_TTL", default: .seconds(172_800), in: .seconds(1)...(.seconds(2_592_000)),
            "how long a reservation holds its stock")
    }
}
