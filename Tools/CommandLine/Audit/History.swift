import Contracts
import Foundation

/// The operations of one load's clients, as written by `csp load --history`.
struct History {
    var operations: [ClientOperation]

    /// - Throws: ``Failure`` naming the file and the line.
    static func read(from file: String) throws -> History {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw Failure("\(file) can't be read")
        }
        return try parse(String(decoding: data, as: UTF8.self), file: file)
    }

    /// The last line of a key counts. Text after the last line break is ignored: the load was killed while it
    /// wrote it.
    static func parse(_ text: String, file: String) throws -> History {
        var operations: [ClientOperation] = []
        var position: [String: Int] = [:]
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .enumerated()
        {
            guard let operation = try? JSON.decode(ClientOperation.self, from: Data(line.utf8)) else {
                throw Failure(
                    "\(file) line \(index + 1) isn't an operation {key, request, attempts, outcome?}")
            }
            if let position = position[operation.key] {
                operations[position] = operation
            } else {
                position[operation.key] = operations.count
                operations.append(operation)
            }
        }
        guard !operations.isEmpty else { throw Failure("\(file) holds no operation") }
        return History(operations: operations)
    }
}
