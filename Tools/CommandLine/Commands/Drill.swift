import ArgumentParser
import Contracts
import Foundation
import Transport

struct Drill: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Break every dependency in every way, under load, and check that the path holds.",
        discussion: """
            Experiments follow from what order declares: each dependency killed, frozen, slow, failing half \
            the time, answering garbage or nothing; pairs of optional ones; each operation alone, each \
            criticality's requests alone, brownouts, quotes broken beside orders; order itself killed; \
            overload. Each has a steady state, a hypothesis, a fault that is proven to be effective, a \
            rollback and an audit.

            A stack that runs on --data is drilled, if it was started with FAULTS_ENABLED=true; otherwise \
            the drill starts its own and removes it at the end. Ctrl-C ends it at once and rolls everything \
            back; after a killed drill the next command does.

            Experiments that were only too slow are repeated, up to twice. If they stay slow while other \
            processes use more than a tenth of the processors, they are undecided; wrong results always \
            fail. Exit code 1 when a hypothesis failed, 3 when none did and some are undecided.

            Example: csp drill --quick
            Example: csp drill --only coupon --only payment-black-holed
            Example: csp drill --compare
            Example: csp drill --incidents
            """
    )

    @OptionGroup var data: DataFolderOption

    @Option(help: ArgumentHelp("Only experiments whose name begins so; may be repeated.", valueName: "name"))
    var only: [String] = []

    @Flag(help: "A telling selection, in less than 3 minutes where nothing has to be repeated.")
    var quick = false

    @Flag(help: "On a naive stack (protections off) and on a protected one, side by side.")
    var compare = false

    @Flag(
        help: "Check too that each fault is one incident of the console, in time (default: whole services).")
    var incidents = false

    @Flag(help: "Print the names of the experiments, and do nothing.")
    var list = false

    @Option(
        help: ArgumentHelp(
            "Seed of the order, the baskets and the faults (default: another one each time).", valueName: "n")
    )
    var seed: UInt64?

    @Option(help: ArgumentHelp("Orders a second (default: 50, quick: 60).", valueName: "r"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "Length of the stretches that are compared (default: 10s, quick: 5s).", valueName: "d"))
    var stretch: DurationArgument?

    @Option(help: ArgumentHelp("Folder of report.json and report.html.", valueName: "dir"))
    var report = "\(StackFolder.defaultPath)/drill"

    @Flag(help: "Print the report as JSON.")
    var json = false

    func validate() throws {
        if let rate, rate <= 0 || rate > 1000 {
            throw ValidationError("--rate must be above 0 and at most 1000, not \(rate)")
        }
        if let stretch, stretch.duration < .seconds(1) {
            throw ValidationError("--stretch must be 1s at least")
        }
    }

    func run() async throws {
        let signals = StopSignals()
        let sources = signals.watch()
        defer { for source in sources { source.cancel() } }
        let drill = RunDrill(
            folder: data.folder, only: only, extent: quick ? .quick : .full, isComparing: compare,
            checksIncidents: incidents,
            schedule: schedule,
            seed: seed ?? UInt64.random(in: 0...999_999), signals: signals)
        do {
            if list {
                return Terminal.print(try await drill.experiments().map(\.name).joined(separator: "\n"))
            }
            let found = try await signals.cancelling { try await drill() }
            try DrillFiles.write(found, to: report)
            Terminal.print(json ? try Terminal.json(found) : summary(found))
            if !found.ok { throw ExitCode(1) }
            if !found.undecided.isEmpty { throw ExitCode(3) }
        } catch let unknown as Experiments.UnknownExperiment {
            throw ValidationError(
                "no experiment begins with \(unknown.name); csp drill --list names them all")
        } catch  where signals.count > 0 && !(error is ExitCode) {
            throw Failure("interrupted; everything was rolled back")
        }
    }

    private var schedule: ArrivalSchedule {
        var schedule = quick ? ArrivalSchedule.quick : ArrivalSchedule.full
        if let rate {
            schedule.rate = rate
            schedule.stretch = max(quick ? 0 : schedule.stretch, ArrivalSchedule.sample / rate)
        }
        if let stretch { schedule.stretch = stretch.duration.seconds }
        return schedule
    }

    private func summary(_ found: DrillReport) -> String {
        return """
            \(([DrillTable(report: found).text] + comparisons(found)).joined(separator: "\n\n"))

            \(headline(found)), in \(found.durationSeconds.formattedWithoutZeros) s with seed \(found.seed); \
            \(report)/report.html shows it, \(report)/report.json has all figures
            """
    }

    /// What each picture shows, in a sentence.
    private func comparisons(_ found: DrillReport) -> [String] {
        ComparisonPage.all(found).map { "\($0.name): \($0.sentence)" }
    }

    /// Names the failed and the undecided experiments.
    private func headline(_ found: DrillReport) -> String {
        if found.failed.isEmpty, found.undecided.isEmpty {
            return Terminal.coloured("every hypothesis held", .green)
        }
        let failed = found.failed.joined(separator: ", ")
        let undecided = found.undecided.joined(separator: ", ")
        return [
            failed.isEmpty ? "nothing failed" : Terminal.coloured("failed: \(failed)", .red),
            undecided.isEmpty ? nil : Terminal.coloured("undecided: \(undecided)", .yellow),
        ].compactMap(\.self).joined(separator: "; ")
    }
}
