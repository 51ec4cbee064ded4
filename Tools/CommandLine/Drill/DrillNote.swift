import Foundation
import StackView
import Transport

/// `DIR/drill.json` marks a stack that a drill is breaking. A killed drill leaves it behind, and the next
/// command of the stack restores it.
enum DrillNote {
    private struct Content: Codable { var drill: ProcessIdentity }

    private static func file(of folder: StackFolder) -> String { "\(folder.path)/drill.json" }

    /// Names this process.
    static func write(to folder: StackFolder) throws {
        guard let drill = ProcessIdentity(running: getpid()) else { return }
        try OwnerFile.write(Terminal.json(Content(drill: drill)), to: file(of: folder))
    }

    static func remove(from folder: StackFolder) {
        try? FileManager.default.removeItem(atPath: file(of: folder))
    }

    /// The drill that breaks this stack or has broken it; nil without a note.
    static func drill(on folder: StackFolder) -> ProcessIdentity? {
        FileManager.default.contents(atPath: file(of: folder))
            .flatMap { try? JSONDecoder().decode(Content.self, from: $0).drill }
    }

    /// Restores the stack if a drill was killed. A stack without a running service was stopped since, and
    /// stays so. A failure doesn't stop the command; the next one tries again.
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
            Terminal.note("a drill was killed here; its faults are rolled back")
        } catch {
            let why = (error as? Failure)?.message ?? "\(error)"
            Terminal.note("a drill was killed here; its faults can't be rolled back: \(why)")
        }
    }
}

/// A command of a stack.
protocol StackCommand {
    var data: DataFolderOption { get }
}
