import Foundation
import Transport

/// `DIR/drill.json`: that a drill is breaking this stack. One that was killed leaves it behind, and with it
/// the next command of this stack mends what is still broken.
enum DrillNote {
    private struct Content: Codable { var drill: ProcessIdentity }

    private static func file(of folder: StackFolder) -> String { "\(folder.path)/drill.json" }

    /// Of this process.
    static func write(to folder: StackFolder) throws {
        guard let drill = ProcessIdentity(running: getpid()) else { return }
        try OwnerFile.write(Terminal.json(Content(drill: drill)), to: file(of: folder))
    }

    static func remove(from folder: StackFolder) {
        try? FileManager.default.removeItem(atPath: file(of: folder))
    }

    /// The drill that breaks this stack or has broken it; nil where none left a note.
    static func drill(on folder: StackFolder) -> ProcessIdentity? {
        FileManager.default.contents(atPath: file(of: folder))
            .flatMap { try? JSONDecoder().decode(Content.self, from: $0).drill }
    }

    /// Where a drill was killed: everything as before it. A stack of which nothing runs was stopped since,
    /// and stays so. What can't be mended keeps no command from its work, and is tried again by the next one.
    static func settle(_ folder: StackFolder) async {
        guard let drill = drill(on: folder), !drill.isAlive else { return }
        let record = try? folder.recordIfAny()
        guard let record, record.services.contains(where: \.process.isAlive) else {
            return remove(from: folder)
        }
        let client = HTTPClient()
        defer { client.shutdown() }
        do {
            try await DrillStack(folder: folder, client: client).restore()
            remove(from: folder)
            Terminal.note("a drill was killed here; what it had broken is mended")
        } catch {
            let why = (error as? Failure)?.message ?? "\(error)"
            Terminal.note("a drill was killed here; what it had broken can't be mended: \(why)")
        }
    }
}

/// A command of a stack.
protocol StackCommand {
    var data: DataFolderOption { get }
}
