import Contracts
import Foundation
import Resilience
import TestSupport
import Testing
import Transport

@Suite("Which requests faults are injected into, and by whom", .timeLimit(.minutes(10)))
struct FaultRoutesTests {
    static let methods = ["GET", "PUT", "DELETE"]

    @Test("without FAULTS_ENABLED there is no such path, for any caller", arguments: methods)
    func disabled(method: String) async throws {
        try await withService(SmallService.self) { service in
            let there = try await service.send(method, "/faults", token: TestTokens.administrator)
            let nowhere = try await service.send(method, "/nowhere", token: TestTokens.administrator)
            #expect(there.status == 404 && there.problem?.detail == nowhere.problem?.detail)
        }
    }

    @Test("only administrators may see, set and end faults", arguments: methods)
    func access(method: String) async throws {
        try await withFaults { (service) async throws in
            for token in [nil, TestTokens.service, "wrong"] {
                #expect(try await service.send(method, "/faults", token: token).status == 401)
            }
            #expect(try await service.send(method, "/faults", token: TestTokens.administrator).status != 401)
        }
    }

    @Test(
        "what is set is answered with every default and its seed, replaces what was there, and can be ended")
    func replacing() async throws {
        try await withFaults { service in
            let first = try await service.set(
                FaultRequest(kind: "error"),
                FaultRequest(
                    route: "POST /finish", kind: "latency", milliseconds: 10, jitterMilliseconds: 5,
                    percent: 12.5))
            var fault = try #require(first.faults.first?.fault)
            #expect(fault.seed != nil)
            fault.seed = nil
            #expect(
                fault
                    == FaultRequest(
                        kind: "error", milliseconds: 0, jitterMilliseconds: 0, percent: 100, when: "before",
                        expiresInSeconds: 60, status: 500))
            #expect(first.faults.map(\.fault.percent) == [100, 12.5])
            let again = try await service.set(
                FaultRequest(kind: "abort", expiresInSeconds: 1.5, seed: .max, atMost: 3))
            #expect(try await service.faults.faults.map(\.fault) == again.faults.map(\.fault))
            #expect(again.faults.map(\.fault.kind) == ["abort"] && again.faults.first?.fault.seed == .max)
            let cleared = try await service.send("DELETE", "/faults", token: TestTokens.administrator)
            #expect(try cleared.status == 200 && cleared.decode(FaultStatus.self).faults.isEmpty)
            let free = try await service.post("/finish")
            #expect(free.status == 201 && !free.isInjected)
        }
    }

    @Test("an invalid set is refused as a whole, with every problem; the active one stays")
    func refused() async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "error", status: 418))
            let wrong = """
                {"faults": [
                    {"kind": "slow", "when": "during", "percent": 101, "expiresInSeconds": 0, "atMost": 0,
                        "status": 200},
                    {"kind": "latency", "milliseconds": 5, "jitterMilliseconds": 6, "route": "POST /nowhere"},
                    {"kind": "latency", "criticality": "vital"}, {"kind": "abort", "route": "GET /readyz"}
                ]}
                """
            let answer = try await service.put(wrong)
            #expect(answer.status == 422 && answer.problem?.code == "invalid-request")
            let expected = [
                "0/kind", "0/when", "0/percent", "0/expiresInSeconds", "0/atMost", "0/status",
                "1/jitterMilliseconds",
                "1/route", "2/milliseconds", "2/criticality", "3/route",
            ]
            #expect(
                Set(answer.problem?.errors?.map(\.pointer) ?? []) == Set(expected.map { "/faults/\($0)" }))
            #expect(try await service.post("/finish").status == 418)
        }
    }

    @Test(
        "what isn't a set of faults is refused with a pointer to it",
        arguments: [
            (#"{}"#, 422, "/faults"), (#"{"faults": {}}"#, 422, "/faults"),
            (#"{"faults": [{}]}"#, 422, "/faults/0/kind"),
            (#"{"faults": [{"kind": 1}]}"#, 422, "/faults/0/kind"),
            (#"{"faults": [{"kind": "abort", "percent": "all"}]}"#, 422, "/faults/0/percent"),
            (#"{"faults": [{"kind": "latency", "milliseconds": 1.5}]}"#, 422, "/faults/0/milliseconds"),
            (#"{"faults": [{"kind": "latency", "milliseconds": 3600001}]}"#, 422, "/faults/0/milliseconds"),
            (
                #"{"faults": [{"kind": "abort", "expiresInSeconds": 86401}]}"#, 422,
                "/faults/0/expiresInSeconds"
            ),
            (#"{"faults": [{"kind": "abort", "seed": -1}]}"#, 422, "/faults/0/seed"),
            (#"{"faults": ["#, 400, nil),
        ])
    func malformed(text: String, status: Int, pointer: String?) async throws {
        try await withFaults { service in
            let answer = try await service.put(text)
            #expect(answer.status == status && answer.problem?.errors?.first?.pointer == pointer)
        }
    }

    @Test("more than a hundred faults are too many")
    func tooMany() async throws {
        try await withFaults { service in
            let fault = #"{"kind": "abort"}"#
            let most = Array(repeating: fault, count: 100).joined(separator: ",")
            #expect(try await service.put(#"{"faults": [\#(most)]}"#).status == 200)
            let more = try await service.put(#"{"faults": [\#(most),\#(fault)]}"#)
            #expect(more.status == 422 && more.problem?.errors?.map(\.pointer) == ["/faults"])
        }
    }

    @Test(
        "probes, operators' routes and unknown paths are spared; all else is for a fault without a route"
    )
    func spared() async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "error"))
            for path in ["/livez", "/readyz", "/metrics", "/csp"] {
                let answer = try await service.get(path)
                #expect(answer.status == 200 && !answer.isInjected)
            }
            for (method, path, status) in [("GET", "/nowhere", 404), ("DELETE", "/finish", 405)] {
                let answer = try await service.send(method, path)
                #expect(answer.status == status && !answer.isInjected)
            }
            for path in ["/queue", "/openapi.json"] { #expect(try await service.get(path).isInjected) }
            #expect(try await service.faults.faults.map(\.injected) == [2])
        }
    }

    @Test("a fault with a route is for that route only, and counts its requests only")
    func route() async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(route: "POST /finish", kind: "error", status: 503))
            #expect(try await service.post("/begin").status == 201)
            #expect(try await service.post("/finish").status == 503)
            let entry = try #require(try await service.faults.faults.first)
            #expect(entry.considered == 1 && entry.injected == 1 && entry.running == 0)
        }
    }

    @Test("a fault with a criticality is for requests that count as that, and counts those only")
    func criticality() async throws {
        try await withFaults { service in
            let set = try await service.set(
                FaultRequest(criticality: "sheddable", kind: "error", status: 503))
            #expect(set.faults.map(\.fault.criticality) == ["sheddable"])
            // The route's own is critical. A service may ask for more or less, any other caller only for
            // less.
            for (header, token, isBitten) in [
                (nil, TestTokens.service, false), ("critical-plus", TestTokens.service, false),
                ("sheddable-plus", TestTokens.service, false), ("sheddable", TestTokens.service, true),
                ("sheddable", nil, true),
                ("nonsense", nil, false),
            ] {
                let headers = header.map { [(name: "csp-criticality", value: $0)] } ?? []
                let answer = try await service.send(
                    "POST", "/finish", body: Array("{}".utf8), token: token, headers: headers)
                #expect(answer.isInjected == isBitten, "\(header ?? "none")")
            }
            #expect(try await service.faults.faults.map(\.considered) == [2])
        }
    }

    @Test("a caller without the service token can't claim more than the route's own criticality")
    func claimed() async throws {
        try await withFaults { service in
            try await service.set(
                FaultRequest(route: "GET /queue", criticality: "critical-plus", kind: "error"))
            let headers = [(name: "csp-criticality", value: "critical-plus")]
            #expect(try await !service.send("GET", "/queue", token: nil, headers: headers).isInjected)
            #expect(try await service.send("GET", "/queue", headers: headers).isInjected)
        }
    }

    @Test("a share of the requests is bitten, and the same seed bites the same ones")
    func seed() async throws {
        try await withFaults { service in
            func bitten() async throws -> [Bool] {
                try await service.set(FaultRequest(kind: "error", percent: 50, seed: 7))
                var bitten: [Bool] = []
                for _ in 0..<40 { bitten.append(try await service.post("/finish").isInjected) }
                return bitten
            }
            let first = try await bitten()
            #expect((8...32).contains(first.count { $0 }))
            #expect(try await bitten() == first)
        }
    }

    @Test("at most so many requests are held at once; the others are spared")
    func atMost() async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "black-hole", atMost: 1))
            let work = service.work()
            try await service.until { $0.running == 1 }
            let spared = try await service.post("/finish")
            #expect(spared.status == 201 && !spared.isInjected)
            work.cancel()
            try await service.until { $0.running == 0 }
        }
    }

    @Test("a fault ends by itself, after a minute where nothing else was said, and isn't shown any more")
    func expiry() async throws {
        let time = ManualTime()
        try await withFaults(time: time.source) { service in
            try await service.set(
                FaultRequest(kind: "error"), FaultRequest(kind: "error", expiresInSeconds: 61, status: 503))
            time.advance(by: .milliseconds(59_900))
            #expect(try await service.post("/finish").status == 500)
            time.advance(by: .milliseconds(200))
            #expect(try await service.post("/finish").status == 503)
            #expect(try await service.faults.faults.map(\.fault.status) == [503])
            time.advance(by: .seconds(1))
            #expect(try await service.post("/finish").status == 201)
            #expect(try await service.faults.faults.isEmpty)
        }
    }

    @Test("what was injected is among the metrics, by kind")
    func metric() async throws {
        try await withFaults { service in
            try await service.set(FaultRequest(kind: "garbage"))
            _ = try await service.post("/finish")
            let page = try await service.get("/metrics").text
            let line = page.split(separator: "\n").first {
                $0.hasPrefix(#"csp_faults_injected_total{kind="garbage"} "#)
            }
            #expect(try #require(line?.split(separator: " ").last.flatMap { Double($0) }) > 0)
        }
    }
}
