import ArgumentParser
import Contracts
import Foundation
import StackView
import Transport

/// `csp gameday`.
struct GameDayCommand: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "gameday",
        abstract: "Practise: something breaks, and you find it, say that you are on it, and mend it.",
        discussion: """
            On a stack that was started with FAULTS_ENABLED=true csp up. Customers order at a low rate, and \
            within the time of --within one service breaks, unannounced. Find it with the console, csp logs \
            and the runbooks; acknowledge the incident (csp incident ack); mend it (csp start, csp thaw, csp \
            fault clear). Then the score is printed, and written with the post-mortem. Ctrl-C gives up and \
            rolls back.

            Example: csp gameday --seed 7
            """)

    @OptionGroup var data: DataFolderOption

    @Option(
        help: ArgumentHelp("Seed of what breaks and when (default: another each time).", valueName: "n"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("The fault comes within this time.", valueName: "d"))
    var within = DurationArgument(.seconds(120))

    @Option(help: ArgumentHelp("It is rolled back and given up after this time.", valueName: "d"))
    var limit = DurationArgument(.seconds(900))

    @Option(help: ArgumentHelp("Orders a second.", valueName: "r"))
    var rate = 10.0

    @Option(help: ArgumentHelp("Folder of the score and the post-mortem.", valueName: "dir"))
    var report = "\(StackFolder.defaultPath)/gameday"

    @Flag(help: "Print the score as JSON.")
    var json = false

    func validate() throws {
        guard rate > 0, rate <= 1000 else {
            throw ValidationError("--rate must be above 0 and at most 1000, not \(rate)")
        }
    }

    func run() async throws {
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        let client = HTTPClient()
        defer { client.shutdown() }
        let stack = try DrillStack(folder: data.folder, client: client) { signals.count > 0 }
        try await stack.check()
        let seed = seed ?? UInt64.random(in: 0...999_999)
        let day = GameDay(
            stack: stack, seed: seed, within: within.duration, limit: limit.duration, rate: rate,
            signals: signals)
        let console = try stack.service(.console).url
        Terminal.note(
            """
            Customers order now. Within \(Int(within.duration.seconds)) s something breaks. Find it: \
            \(console), csp incident list\(data.folder.option), csp logs\(data.folder.option), \
            Docs/runbooks. Say that you are on it: csp incident ack ID\(data.folder.option). Mend it.
            """)
        try DrillNote.write(to: data.folder)
        defer { DrillNote.remove(from: data.folder) }
        let found: GameDayScore
        do {
            found = try await day.play()
        } catch {
            try? await uncancelled { try await stack.restore() }
            if error is ExperimentRunner.Interrupted { throw Failure("given up; everything was rolled back") }
            throw error
        }
        let file = try write(found)
        let text = found.text(option: data.folder.option, file: file)
        Terminal.print(json ? try Terminal.json(found) : text)
        if !found.isMended { throw ExitCode(1) }
    }

    /// - Returns: the file of the score; beside it is the post-mortem.
    private func write(_ found: GameDayScore) throws -> String {
        try FileManager.default.createDirectory(atPath: report, withIntermediateDirectories: true)
        let name = "\(report)/\(found.startedAt.description.prefix(19).replacing(":", with: ""))"
        try Data(Terminal.json(found).utf8).write(to: URL(filePath: "\(name).json"))
        if let text = found.postmortem { try Data(text.utf8).write(to: URL(filePath: "\(name).md")) }
        return "\(name).json"
    }
}
