import Contracts
import Foundation
import StackView

/// The folder of one stack (`--data`): a folder a service, `logs/`, `stack.json`, `tokens.json`.
struct StackFolder {
    static let defaultPath = ".csp"

    /// Absolute.
    let path: String
    /// ` --data DIR` for commands that are suggested, empty for the default folder.
    let option: String

    init(path: String) {
        self.path = URL(filePath: path).standardizedFileURL.path
        option = path == Self.defaultPath ? "" : " --data \(path)"
    }

    var recordFile: String { "\(path)/stack.json" }
    var logs: String { "\(path)/logs" }
    func log(of name: ServiceName) -> String { "\(logs)/\(name.rawValue).log" }
    func data(of name: ServiceName) -> String { "\(path)/\(name.rawValue)" }

    /// - Throws: ``Failure`` when there is no stack on this folder.
    func record() throws -> StackRecord {
        guard let record = try recordIfAny() else {
            throw Failure("no stack on \(path); csp up\(option) starts one")
        }
        return record
    }

    func recordIfAny() throws -> StackRecord? {
        let file = recordFile
        guard FileManager.default.fileExists(atPath: file) else { return nil }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure("\(file) can't be read")
        }
        guard let record = try? JSONDecoder().decode(StackRecord.self, from: data) else {
            throw Failure(
                "\(file) isn't the record of a stack; move it away and stop what still runs by hand")
        }
        return record
    }

    /// The services that a command can ask: those of the record, else those that the environment names.
    ///
    /// - Throws: ``Failure`` where there are neither.
    func reachable(_ environment: [String: String] = ProcessInfo.processInfo.environment) throws
        -> StackRecord
    {
        try recordIfAny() ?? StackRecord.elsewhere(environment) ?? record()
    }

    func write(_ record: StackRecord) throws {
        try OwnerFile.write(Terminal.json(record), to: recordFile)
    }

    /// Makes the folder with everything that must be there before a service starts.
    func prepare() throws {
        for folder in [logs] + ServiceName.allCases.map(data) {
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw Failure("\(folder) can't be made: \(error.localizedDescription)")
            }
        }
    }

    /// Runs `change` under the lock that every command takes to change this stack.
    ///
    /// - Parameter limit: how long to wait for another command, which only starts processes and writes the
    ///   record.
    /// - Throws: ``Failure`` after `limit` (the other command may be frozen); rethrows the error of `change`.
    func locked<Result>(within limit: Duration = .seconds(10), _ change: () throws -> Result) throws -> Result
    {
        let file = "\(path)/stack.lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw Failure("\(file) can't be opened: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        let end = ContinuousClock.now + limit
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK {
                guard ContinuousClock.now < end else {
                    throw Failure(
                        """
                        another csp command holds \(file), and doesn't let go of it; end that one, then try \
                        again
                        """)
                }
                usleep(10_000)
                continue
            }
            guard errno == EINTR else {
                throw Failure("\(file) can't be locked: \(String(cString: strerror(errno)))")
            }
        }
        return try change()
    }
}
