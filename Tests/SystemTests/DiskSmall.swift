import Foundation
import Resilience
import Storage
import TestSupport

/// A file system in memory, so small that a test can fill it.
struct SmallDisk: Sendable {
    let path: String

    /// Mounting needs root, and not every container permits it.
    static let isPermitted: Bool = {
        guard let folder = try? TemporaryFolder(), (try? mount(folder.path, mebibytes: 1)) != nil else {
            return false
        }
        return (try? unmount(folder.path)) != nil
    }()
    static let reason = "a small file system can't be mounted here (that takes root)"

    /// Mounts a disk of `mebibytes` at `path` while `body` runs.
    static func with(at path: String, mebibytes: Int, _ body: (SmallDisk) async throws -> Void) async throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try mount(path, mebibytes: mebibytes)
        do {
            try await body(SmallDisk(path: path))
        } catch {
            try? unmount(path)
            throw error
        }
        try unmount(path)
    }

    var freeBytes: Int64 {
        get throws { StorageReserve(folder: path, bytes: 0, time: .system).freeBytes ?? 0 }
    }

    private var ballast: String { path + "/ballast" }

    /// Takes all space but `bytes`.
    func fill(leaving bytes: Int64) throws {
        let descriptor = open(ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw POSIXError(.EIO) }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 1, count: 4096)
        while try freeBytes > bytes {
            guard write(descriptor, page, page.count) == page.count else { return }
        }
    }

    func clear() { unlink(ballast) }

    private static func mount(_ path: String, mebibytes: Int) throws {
        try run("/bin/mount", ["-t", "tmpfs", "-o", "size=\(mebibytes)m", "csp-test", path])
    }

    /// Lazily: open files remain usable, and the folder is free.
    private static func unmount(_ path: String) throws { try run("/bin/umount", ["-l", path]) }

    private static func run(_ tool: String, _ arguments: [String]) throws {
        let process = try ChildProcess(tool, arguments)
        guard process.waitUntilEnd() == 0 else { throw POSIXError(.EPERM) }
    }
}
