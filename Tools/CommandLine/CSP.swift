import ArgumentParser
import Contracts

struct CSP: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "csp",
        abstract: "Runs, breaks, loads and audits the critical serving path on this machine.",
        discussion: """
            Five minutes: csp up · csp place · csp kill coupon · csp place · csp start coupon · csp audit

            Exit code: 0 done, 1 not done or not so, 2 wrong usage, 3 undecided (csp drill).
            """,
        version: "csp \(SystemVersion.description)",
        subcommands: [
            Up.self, Down.self, Status.self, Kill.self, Freeze.self, Thaw.self, Start.self, FaultCommand.self,
            BreakerCommand.self, Place.self, ShowOrder.self, Logs.self, Load.self, WatchCommand.self,
            IncidentCommand.self, Drill.self, GameDayCommand.self, Audit.self, Backup.self,
        ]
    )
}

extension CSP {
    /// The command that the arguments ask for, checked. Help is thrown, as wrong usage is.
    static func command(_ arguments: [String]) throws -> any AsyncParsableCommand {
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if let name = arguments.first, !name.hasPrefix("-"), !names.contains(name) {
            let meant = Spelling.nearest(to: name, among: names).map { "did you mean \($0)?" }
            throw ValidationError(
                "there is no command \(name); \(meant ?? "there are \(names.joined(separator: ", "))")")
        }
        var command = try parseAsRoot(arguments)
        if let command = command as? any AsyncParsableCommand { return command }
        try command.run()
        throw ExitCode.success
    }

    /// The folder of the stack that the command concerns; nil for none.
    static func folder(of command: any AsyncParsableCommand) -> StackFolder? {
        (command as? any StackCommand)?.data.folder
    }
}
