package import Runtime

/// Every setting of the inventory service; the only file here that reads settings.
package struct InventoryConfiguration: ServiceConfiguration {
    /// How long a reservation holds its stock; longer than an order may stay accepted.
    var reservationLifetime: Duration
    /// How long after a start older reservations don't lapse.
    var reservationGrace: Duration

    package init(reading settings: inout Settings) {
        reservationLifetime = settings.duration(
            "RESERVATION_TTL", default: .seconds(172_800), in: .seconds(1)...(.seconds(2_592_000)),
            "how long a reservation holds its stock; longer than order's ACCEPTED_MAX_AGE")
        reservationGrace = settings.duration(
            "RESERVATION_GRACE", default: .seconds(60), in: .zero ... .seconds(3600),
            """
            how long after a start reservations made before it don't lapse, so that commits which were held \
            up find them
            """)
    }
}
