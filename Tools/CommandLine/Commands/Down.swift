import ArgumentParser
import Contracts
import StackView

struct Down: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop all services of a stack.",
        discussion: """
            Thaws frozen services and lets each finish what is in flight; those left after 10 s are killed.

            Example: csp down --data .csp
            """
    )

    @OptionGroup var data: DataFolderOption

    func run() async throws {
        let folder = data.folder
        guard try folder.recordIfAny() != nil else {
            return Terminal.print("Nothing is running on \(folder.path).")
        }
        var record = try folder.record()
        // On a disk that is read-only or gone the record can't be written; the services are stopped all the
        // same.
        try? folder.locked {
            record = try folder.record()
            record.stopping = true
            try folder.write(record)
        }
        let running = record.services.filter(\.process.isAlive)
        guard !running.isEmpty else { return Terminal.print("Nothing is running on \(folder.path).") }
        let killed = await record.stop()
        if let left = record.services.first(where: \.process.isAlive) {
            throw Failure("\(left.name) (pid \(left.process.pid)) can't be stopped")
        }
        let names = running.map(\.name.rawValue).joined(separator: ", ")
        let late = killed.map(\.rawValue).joined(separator: ", ")
        Terminal.print("Stopped \(names).\(late.isEmpty ? "" : " Killed after 10 s: \(late).")")
    }
}
