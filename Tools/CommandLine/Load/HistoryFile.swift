import Contracts
import Foundation
import Resilience

/// The file to which a load writes what its clients do and see, as it happens, so that a killed load leaves
/// its history.
///
/// An operation is written before its first request and again after each answer, a line each time; its last
/// line counts.
final class HistoryFile: Sendable {
    private struct State {
        var file: FileHandle
        var failure: String?
    }

    private let path: String
    private let state: Locked<State>

    /// Begins the file anew.
    init(path: String) throws {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let file = FileHandle(forWritingAtPath: path)
        else {
            throw Failure("\(path) can't be written")
        }
        self.path = path
        state = Locked(State(file: file))
    }

    func write(_ operation: ClientOperation) {
        state.withLock { state in
            do {
                try state.file.write(contentsOf: JSON.encode(operation) + Data("\n".utf8))
            } catch {
                state.failure = state.failure ?? "\(error)"
            }
        }
    }

    /// - Throws: ``Failure`` if not everything could be written: an incomplete history proves nothing.
    func close() throws {
        try state.withLock { state in
            try state.file.close()
            if let failure = state.failure { throw Failure("\(path) is incomplete: \(failure)") }
        }
    }
}
