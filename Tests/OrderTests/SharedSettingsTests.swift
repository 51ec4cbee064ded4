import Runtime
import Testing

@Suite("Settings that services share")
struct SharedSettingsTests {
    private func keys<Application: ServiceApplication>(_ type: Application.Type) -> [String] {
        var settings = Settings { _ in nil }
        _ = Application.Configuration(reading: &settings)
        return settings.known.map(\.key)
    }

    @Test("each service knows the others' settings, so that all may share a file and an environment")
    func known() {
        let own = allServices.flatMap { keys($0) }
        let unknown = Set(own).subtracting(Settings.ofAnyService)
        #expect(unknown.isEmpty, "add them to Settings.ofAnyService")
    }
}
