import CouponService
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Runtime
import Testing

@Suite("Settings that services share")
struct SharedSettingsTests {
    private func knobs<Configuration: ServiceConfiguration>(_ type: Configuration.Type) -> [String] {
        var settings = Settings { _ in nil }
        _ = Configuration(reading: &settings)
        return settings.knobs.map(\.key)
    }

    @Test("each service knows the others' settings, so that all may share a file and an environment")
    func known() {
        let own = [
            knobs(OrderConfiguration.self), knobs(PaymentConfiguration.self), knobs(CouponConfiguration.self),
            knobs(InventoryConfiguration.self), knobs(NotificationConfiguration.self),
        ].flatMap { $0 }
        let unknown = Set(own).subtracting(Settings.ofAnyService)
        #expect(unknown.isEmpty, "add them to Settings.ofAnyService")
    }
}
