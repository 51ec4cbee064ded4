import Runtime
import Testing

@Suite("Settings that services share")
struct SharedSettingsTests {
    private func knobs<Application: ServiceApplication>(_ type: Application.Type) -> [String] {
        var settings = Settings { _ in nil }
        _ = Application.Configuration(reading: &settings)
        return settings.knobs.map(\.key)
    }

    @Test("each service knows the others' settings, so that all may share a file and an environment")
    func known() {
        let own = allServices.flatMap { knobs($0) }
        let unknown = Set(own).subtracting(Settings.ofAnyService)
        #expect(unknown.isEmpty, "add them to Settings.ofAnyService")
    }
}
