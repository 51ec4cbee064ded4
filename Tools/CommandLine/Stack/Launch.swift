import Contracts
import Foundation
import StackView
import Transport

/// Starts services and sees them become ready.
struct Launch {
    static let readyLimit = Duration.seconds(30)

    let folder: StackFolder
    let tokens: Tokens
    let client: HTTPClient
    /// Whether services start although their store has lost acknowledged writes.
    var acceptsLoss = false
    /// Polled while waiting; true ends the wait with ``Interrupted``.
    var isInterrupted: @Sendable () -> Bool = { false }

    struct Interrupted: Error {}

    /// A service that was started just now, and where in its log this run begins.
    struct Started {
        var service: StackRecord.Service
        var logStart: UInt64
    }

    /// Starts the service; to be called under the folder's lock, the record to be written afterwards.
    func spawn(_ name: ServiceName, of record: inout StackRecord) throws -> Started {
        guard var service = record[name] else { throw Failure("\(folder.path)/stack.json knows no \(name)") }
        let log = folder.log(of: name)
        let logStart = (try? FileManager.default.attributesOfItem(atPath: log)[.size] as? UInt64) ?? 0
        service.process = try startProcess(
            executable: Paths.executable(of: name), arguments: acceptsLoss ? ["--accept-loss"] : [],
            environment: record.environment(of: name, in: folder, tokens: tokens),
            log: log)
        record[name] = service
        return Started(service: service, logStart: logStart)
    }

    /// Returns once every `/readyz` is 200.
    ///
    /// - Throws: ``Failure`` when one ends instead, or isn't ready in ``readyLimit``; ``Interrupted``.
    func waitUntilReady(_ started: [Started]) async throws {
        let limit = ContinuousClock.now + Self.readyLimit
        var waiting = started
        var progress = Progress()
        defer { progress.finish() }
        while true {
            var left: [Started] = []
            for one in waiting where await one.service.state(client) != .ready {
                if !one.service.process.isAlive { throw Failure(ended(one)) }
                left.append(one)
            }
            waiting = left
            if waiting.isEmpty { return }
            if isInterrupted() { throw Interrupted() }
            let names = waiting.map(\.service.name.rawValue).joined(separator: ", ")
            guard ContinuousClock.now < limit else {
                throw Failure(
                    """
                    \(names) not ready after \(Self.readyLimit.seconds.formattedWithoutZeros) s; see \
                    \(folder.logs)
                    """)
            }
            progress.show("waiting for \(names)")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func ended(_ started: Started) -> String {
        let service = started.service
        let how = ending(ofChild: service.process.pid) ?? "gone"
        let log = folder.log(of: service.name)
        let last =
            lastLine(of: log, from: started.logStart).map { "\(log) ends with: \($0)" }
            ?? "it left nothing in \(log)"
        let full = isFull(folder.data(of: service.name)) ? "; the disk of \(folder.path) is full" : ""
        return "\(service.name) (pid \(service.process.pid)) ended while starting: \(how)\(full); \(last)"
    }

    /// Whether not even a line of log has room there.
    private func isFull(_ folder: String) -> Bool {
        var answer = statvfs()
        return statvfs(folder, &answer) == 0 && answer.f_bavail == 0
    }

    /// The last line that isn't empty, of what was written after the first `start` bytes.
    private func lastLine(of file: String, from start: UInt64) -> String? {
        guard let handle = FileHandle(forReadingAtPath: file), (try? handle.seek(toOffset: start)) != nil
        else { return nil }
        defer { try? handle.close() }
        guard let data = try? handle.readToEnd() else { return nil }
        let lines = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last { !$0.allSatisfy(\.isWhitespace) }.map(String.init)
    }
}
