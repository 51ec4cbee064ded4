import ArgumentParser

struct FaultCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault",
        abstract: "Make a service slow, wrong, silent or rude on purpose, for a limited time.",
        discussion: """
            csp fault SERVICE KIND sets one fault in the place of whatever was active in that service (--add keeps it); \
            csp fault show says what is active, csp fault clear ends it. Needs a stack started with FAULTS_ENABLED=true csp up.

            latency       the request is held up for --milliseconds, and goes on
            error         500, or another --status
            abort         the connection is closed without an answer
            black-hole    no answer, ever
            garbage       200 with a body that isn't the contract's

            Example: csp fault coupon latency --milliseconds 2000 --expires 30s
            """,
        subcommands: [FaultSetting.self, FaultClear.self, FaultShow.self],
        defaultSubcommand: FaultSetting.self
    )
}
