import Contracts
import Testing

@testable import CommandLine

@Suite struct ArgumentsTests {
    @Test(
        "a duration is read with its unit, a bare number in seconds",
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("30s", .seconds(30)), ("2m", .seconds(120)),
            ("1h", .seconds(3600)),
            ("60", .seconds(60)), ("0.5s", .milliseconds(500)),
        ])
    func durations(text: String, duration: Duration) {
        #expect(DurationArgument(argument: text)?.duration == duration)
    }

    @Test("an invalid duration is refused", arguments: ["", "s", "-1s", "1d", "ten", "1e99", "nan"])
    func noDurations(text: String) {
        #expect(DurationArgument(argument: text) == nil)
    }

    @Test("an item is a SKU with a quantity, which is 1 by default")
    func items() {
        #expect(ItemArgument(argument: "P1:2")?.item == ItemQuantity(sku: "P1", quantity: 2))
        #expect(ItemArgument(argument: "P1")?.item == ItemQuantity(sku: "P1", quantity: 1))
        for text in ["", ":2", "P1:", "P1:0", "P1:-1", "P1:x", "P1:1:1"] {
            #expect(ItemArgument(argument: text) == nil)
        }
    }

    @Test("--replay stands alone or takes a file")
    func replay() throws {
        func replay(_ arguments: String...) throws -> Load.Replay? {
            try #require(CSP.command(["load"] + arguments) as? Load).replay
        }
        #expect(try replay("--replay") == .journey)
        #expect(try replay("--replay", "--rate", "200") == .journey)
        #expect(try replay("--replay", "baskets.jsonl") == .file("baskets.jsonl"))
        #expect(try replay() == nil)
    }

    @Test(
        "wrong usage is refused before anything is done",
        arguments: [
            ["up", "--ports", "0"], ["up", "--ports", "65531"], ["kill"], ["kill", "unknown"],
            ["load", "--rate", "0"],
            ["load", "--replay", "--coupon-share", "5"], ["load", "--coupon-share", "101"],
            ["load", "--duration", "0"],
            ["place", "--item", "P1:0"], ["place", "--coupon", "C", "--no-coupon"],
            ["place", "--url", "ftp://x"],
            ["audit", "--wait", "x"], ["fault"], ["fault", "coupon"], ["fault", "coupon", "slow"],
            ["fault", "unknown", "abort"],
            ["fault", "coupon", "latency"], ["fault", "coupon", "abort", "--percent", "101"],
            ["fault", "coupon", "abort", "--status", "500"], ["fault", "coupon", "error", "--status", "200"],
            ["fault", "coupon", "abort", "--when", "during"], ["fault", "coupon", "abort", "--expires", "0"],
            ["fault", "coupon", "abort", "--route", "/redemptions"], ["fault", "clear", "unknown"],
            ["frobnicate"], ["order"], ["breaker", "coupon"], ["breaker", "coupon", "ajar"],
            ["breaker", "order", "open"],
            ["fault", "show", "unknown"],
        ])
    func wrongUsage(arguments: [String]) {
        #expect(end(arguments)?.code == 2)
    }

    @Test(
        "help ends with 0 and an example",
        arguments: [
            "up", "down", "status", "kill", "freeze", "thaw", "start", "place", "load", "audit", "fault",
            "drill", "order",
            "breaker",
        ])
    func help(command: String) throws {
        let help = try #require(end([command, "--help"]))
        #expect(help.code == 0)
        #expect(help.help?.contains("Example: csp \(command)") == true)
        #expect(help.help?.contains("--data") == true)
    }

    /// How csp ends with wrong arguments or help.
    private func end(_ arguments: [String]) -> CommandEnd? {
        do {
            _ = try CSP.command(arguments)
            return nil
        } catch {
            return CommandEnd(error, arguments: arguments)
        }
    }

    @Test("the message about an unknown service lists the services")
    func unknownService() throws {
        let problem = try #require(end(["kill", "unknown"])?.problem)
        #expect(ServiceName.allCases.allSatisfy { problem.contains($0.rawValue) })
        #expect(!problem.contains("\n"))
        #expect(problem.hasSuffix("see csp kill --help"))
    }

    @Test("a misspelled command is answered with the nearest one, another one with the list")
    func unknownCommand() throws {
        #expect(
            end(["plcae", "--item", "P1"])?.problem
                == "there is no command plcae; did you mean place?; see csp --help")
        #expect(end(["plcae"])?.code == 2)
        #expect(end(["frobnicate"])?.problem?.contains("there are up, down, status") == true)
        #expect(try CSP.command(["order", "ord_1"]) is ShowOrder)
        #expect(try (CSP.command(["breaker", "coupon", "auto"]) as? BreakerCommand)?.position == .auto)
    }

    @Test("an invalid basket is named by file and line")
    func baskets() throws {
        let line =
            #"{"customerId":"H1","placedAt":"2017-05-08T06:02:04Z","items":[{"sku":"A","quantity":2}]}"#
        let expected = Basket(customerId: "H1", items: [ItemQuantity(sku: "A", quantity: 2)], couponCode: nil)
        #expect(try Basket.parse("\(line)\n\n\(line)\n", file: "f") == [expected, expected])
        #expect {
            try Basket.parse("\(line)\n{}", file: "f")
        } throws: { ($0 as? Failure)?.message.hasPrefix("f line 2") == true }
        #expect(throws: Failure("f holds no basket")) { try Basket.parse("\n", file: "f") }
    }
}
