import Testing

@testable import Runtime

@Suite("Settings")
struct SettingsTests {
    private func settings(_ values: [String: String]) -> Settings { Settings { values[$0] } }

    @Test("what isn't set has its default, and an empty value counts as not set")
    func defaults() {
        var settings = settings(["PORT": ""])
        #expect(settings.integer("PORT", default: 8080, in: 0...65_535, "port") == 8080)
        #expect(
            settings.duration("AGE", default: .seconds(5), in: .zero...(.seconds(60)), "age") == .seconds(5))
        #expect(settings.problems.isEmpty)
        #expect(settings.known.map(\.key) == ["PORT", "AGE"])
    }

    @Test("every problem is listed, each with its key and what was expected")
    func problems() {
        var settings = settings([
            "PORT": "eighty", "AGE": "90s", "URL": "ftp://x", "MODE": "loud", "FLAG": "maybe",
        ])
        enum Mode: String, CaseIterable { case quiet, normal }
        _ = settings.integer("PORT", default: 8080, in: 0...65_535, "port")
        _ = settings.duration("AGE", default: .seconds(5), in: .zero...(.seconds(60)), "age")
        _ = settings.url("URL", default: "http://x", "place")
        _ = settings.choice("MODE", default: Mode.quiet, "mode")
        _ = settings.flag("FLAG", default: false, "flag")
        _ = settings.required("TOKEN", "token")
        #expect(settings.problems.count == 6)
        for (key, problem) in zip(["PORT", "AGE", "URL", "MODE", "FLAG", "TOKEN"], settings.problems) {
            #expect(problem.hasPrefix(key))
        }
    }

    @Test(
        "durations are read with their unit, and bare numbers as seconds",
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("15m", .seconds(900)),
            ("24h", .seconds(86_400)),
            ("2d", .seconds(172_800)), ("7", .seconds(7)), ("24 h", .seconds(86_400)),
        ])
    func durations(text: String, expected: Duration) {
        #expect(Settings.duration(text) == expected)
    }

    @Test(
        "what isn't a duration is none",
        arguments: ["", "s", "-5s", "1.5s", "ten", "5 minutes", "99999999999999999999s"])
    func notDurations(text: String) {
        #expect(Settings.duration(text) == nil)
    }

    @Test(
        "bytes are read with their unit, and bare numbers as bytes",
        arguments: [
            ("512KiB", Int64(524_288)), ("64MiB", 67_108_864), ("2 GiB", 2_147_483_648), ("0", 0),
            ("1000", 1000),
        ])
    func bytes(text: String, expected: Int64) {
        #expect(Settings.bytes(text) == expected)
    }

    @Test("what is kept is kept for a day or longer, or forever")
    func retentions() {
        var settings = settings(["DAY": "1d", "EVER": "forever", "SHORT": "23h", "NEVER": "never"])
        #expect(settings.retention("DAY", default: nil, "days") == .seconds(86_400))
        #expect(settings.retention("EVER", default: .seconds(90 * 86_400), "ever") == nil)
        #expect(settings.retention("UNSET", default: .seconds(90 * 86_400), "unset") == .seconds(90 * 86_400))
        #expect(settings.problems.isEmpty)
        _ = settings.retention("SHORT", default: nil, "short")
        _ = settings.retention("NEVER", default: nil, "never")
        #expect(settings.problems.count == 2)
        #expect(settings.known.map(\.defaultValue) == ["forever", "2160h", "2160h", "forever", "forever"])
    }

    @Test(
        "what isn't an amount of bytes is none",
        arguments: ["", "MiB", "-1MiB", "1.5MiB", "64MB", "99999999999TiB"])
    func notBytes(text: String) {
        #expect(Settings.bytes(text) == nil)
    }

    @Test("an amount out of its range is a problem that says the range")
    func bytesOutOfRange() {
        var settings = settings(["RESERVE": "2GiB"])
        #expect(settings.bytes("RESERVE", default: 64 << 20, in: 0...(1 << 30), "space") == 64 << 20)
        #expect(settings.problems == ["RESERVE=2GiB is not valid: space (0 to 1GiB)"])
        #expect(settings.known.map(\.defaultValue) == ["64MiB"])
    }
}
