import Contracts
import Foundation
import StackView

/// What a foreground `up` does once all are ready: it reports services that died or came back, until it is
/// stopped.
struct Watch {
    enum End: Equatable { case signal, down, replaced, folderIsGone }

    let folder: StackFolder
    let instance: String
    private var alive: [ServiceName: ProcessIdentity]

    init(folder: StackFolder, record: StackRecord) {
        self.folder = folder
        instance = record.instance
        alive = Dictionary(uniqueKeysWithValues: record.services.map { ($0.name, $0.process) })
    }

    /// Checks twice a second; a signal ends it at once.
    mutating func run(_ signals: StopSignals) async throws -> End {
        while true {
            if signals.count > 0 { return .signal }
            // Read each time: down, start and another up communicate through the record.
            guard let record = try folder.recordIfAny() else { return .folderIsGone }
            guard record.instance == instance else { return .replaced }
            for line in changes(record) { Terminal.print(line) }
            if record.stopping, alive.isEmpty { return .down }
            await signals.wait(upTo: .milliseconds(500))
        }
    }

    /// What has changed since the last check, in words. Deaths are not reported while the stack is being
    /// stopped.
    mutating func changes(_ record: StackRecord) -> [String] {
        var lines: [String] = []
        for service in record.services {
            if let before = alive[service.name], !before.isAlive {
                let how = ending(ofChild: before.pid) ?? "gone"
                alive[service.name] = nil
                if !record.stopping {
                    lines.append(
                        "\(service.name) (pid \(before.pid)) died: \(how); "
                            + "csp start \(service.name)\(folder.option) brings it back")
                }
            }
            if alive[service.name] == nil, service.process.isAlive {
                alive[service.name] = service.process
                lines.append("\(service.name) is back (pid \(service.process.pid))")
            }
        }
        return lines
    }
}
