import ArgumentParser

/// `csp fault`. Its help is that of ``FaultSetting``, which is what it does without a subcommand.
struct FaultCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fault",
        abstract: FaultSetting.configuration.abstract,
        subcommands: [FaultSetting.self, FaultClear.self, FaultShow.self],
        defaultSubcommand: FaultSetting.self
    )
}
