import Contracts
import ServingPath
import Testing

@testable import Runtime

@Suite("Settings that aren't any")
struct UnknownSettingsTests {
    private func problems(environment: [String] = [], file: String = "") -> [String] {
        var settings = Settings { _ in nil }
        _ = settings.string("HTTP_HOST", default: "", "")
        _ = settings.string("HTTP_PORT", default: "", "")
        _ = settings.string("LOG_LEVEL", default: "", "")
        settings.refuseUnknown(environment: environment, file: Settings.names(inFile: file))
        return settings.problems
    }

    @Test("a slip in the environment is answered with what was meant")
    func environment() {
        #expect(
            problems(environment: ["COUPON_TIMOUT", "LOG_LEVLE", "PATH"]) == [
                "COUPON_TIMOUT is no setting; did you mean COUPON_TIMEOUT?",
                "LOG_LEVLE is no setting; did you mean LOG_LEVEL?",
            ])
    }

    @Test(
        "other names in the environment stop no service: Kubernetes' service links, proxies, unlike names"
    )
    func foreign() {
        let links = (ServiceName.allCases.map(\.settingPrefix) + ["HTTP", "QUEUE", "STOCK"])
            .flatMap { name in
                [
                    "\(name)_SERVICE_HOST", "\(name)_SERVICE_PORT", "\(name)_SERVICE_PORT_HTTP",
                    "\(name)_PORT",
                    "\(name)_PORT_8082_TCP", "\(name)_PORT_8082_TCP_PROTO", "\(name)_PORT_8082_TCP_PORT",
                    "\(name)_PORT_8082_TCP_ADDR", "\(name)_FOO_SERVICE_HOST",
                ]
            }
        #expect(
            problems(environment: links + ["HTTP_PROXY", "LOGNAME", "HOME", "LOG_LEVEL", "COUPN_TIMEOUT"])
                == [])
    }

    @Test("in a file every name has to be a setting, of this service or of another that shares the file")
    func file() {
        let text = """
            # COUPON_TIMOUT=1s
            HTTP_PORT = 8081
            COUPON_OFFLINE_LIMIT=100
            ORDER_URL=http://order
            nonsense

            export LOG_LEVEL=info
            COUPON_TIMOUT=250ms
            """
        #expect(
            problems(file: text) == [
                "COUPON_TIMOUT in the settings file is no setting; did you mean COUPON_TIMEOUT?",
                "export LOG_LEVEL in the settings file is no setting; --help lists all",
            ])
    }
}
