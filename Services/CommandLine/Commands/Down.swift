import ArgumentParser

struct Down: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop all services of a stack.",
        discussion: """
            Thaws what is frozen and lets each finish what is in flight; what hasn't ended after 10 s is killed.

            Example: csp down --data .csp
            """
    )

    @OptionGroup var data: DataFolderOption

    func run() async throws {
        let folder = data.folder
        guard try folder.recordIfAny() != nil else { return Terminal.print("Nothing is running on \(folder.path).") }
        let record = try folder.locked {
            var record = try folder.record()
            record.stopping = true
            try folder.write(record)
            return record
        }
        let running = record.services.filter(\.process.isAlive)
        guard !running.isEmpty else { return Terminal.print("Nothing is running on \(folder.path).") }
        let killed = await record.halt()
        if let left = record.services.first(where: \.process.isAlive) {
            throw Failure("\(left.name) (pid \(left.process.pid)) can't be stopped")
        }
        let names = running.map(\.name.rawValue).joined(separator: ", ")
        Terminal.print(
            "Stopped \(names).\(killed.isEmpty ? "" : " Killed after 10 s: \(killed.map(\.rawValue).joined(separator: ", ")).")"
        )
    }
}
