import Contracts
import Foundation

/// The folder of a backup; a failed backup removes what it made there.
struct BackupFolder {
    let folder: StackFolder

    init(_ folder: StackFolder) { self.folder = folder }

    func copy(of name: ServiceName) -> String { "\(folder.data(of: name))/\(name.rawValue).sqlite" }

    /// Why no copy of the service can be made here; nil if one can.
    func problem(_ name: ServiceName) -> String? {
        let path = copy(of: name)
        guard
            let file = [path, path + ".partial"].first(where: { FileManager.default.fileExists(atPath: $0) })
        else {
            return nil
        }
        return "\(name) made no copy at \(path): \(file) exists; nothing is overwritten (file-exists)"
    }

    /// Makes the folders in which the services leave their copies.
    ///
    /// - Returns: those that weren't there, the outer ones first.
    func make() throws -> [String] {
        var made: [String] = []
        for path in [folder.path] + ServiceName.allCases.map(folder.data) {
            let missing = Self.missing(path)
            do {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                remove(made + missing)
                throw Failure("\(path) can't be made: \(error.localizedDescription)")
            }
            made += missing
        }
        return made
    }

    /// The folder and those above it that aren't there.
    private static func missing(_ path: String) -> [String] {
        var missing: [String] = []
        var url = URL(filePath: path)
        while url.path != "/", !FileManager.default.fileExists(atPath: url.path) {
            missing.insert(url.path, at: 0)
            url.deleteLastPathComponent()
        }
        return missing
    }

    /// Removes every copy, finished or not, and the folders that were made for them.
    func remove(_ made: [String]) {
        for name in ServiceName.allCases {
            for suffix in ["", ".partial", ".partial-journal", ".partial-wal", ".partial-shm"] {
                unlink(copy(of: name) + suffix)
            }
        }
        for path in made.reversed() { rmdir(path) }
    }
}
