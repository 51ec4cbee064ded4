import ArgumentParser

/// `csp fault`: without a subcommand it is ``FaultSetting``.
struct FaultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault",
        abstract: "Make a service slow, wrong, silent or rude on purpose, for a while.",
        usage: """
            csp fault <service> <kind> [--route <route>] [--milliseconds <n>]
                [--jitter <n>] [--percent <p>] [--when before|after]
                [--expires <time>] [--seed <n>] [--status <s>] [--at-most <n>] [--add]
            csp fault clear [<service>]
            csp fault show [<service>] [--json]
            """,
        discussion: """
            Sets one fault and replaces the active ones of that service; --add keeps them. /livez, /readyz, \
            /metrics, /faults and /csp are always spared. The stack has to be started with \
            FAULTS_ENABLED=true csp up; --data <dir> names it. csp fault set --help explains the options.

            latency       the request is held up for --milliseconds, and goes on
            error         500, or another --status
            abort         the connection is closed without an answer
            black-hole    no answer, ever
            garbage       200 with a body that isn't the contract's

            Example: csp fault coupon latency --milliseconds 2000 --expires 30s
            Example: csp fault payment error --route "POST /payments" --when after --percent 50
            """,
        subcommands: [FaultSetting.self, FaultClear.self, FaultShow.self],
        defaultSubcommand: FaultSetting.self
    )
}
