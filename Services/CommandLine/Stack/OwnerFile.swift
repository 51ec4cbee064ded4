import Foundation

/// A file that its owner alone may read, and that is never seen half written.
enum OwnerFile {
    static func write(_ text: String, to path: String) throws {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try file.write(contentsOf: Data((text + "\n").utf8))
        } catch {
            unlink(temporary)
            throw Failure("\(path) can't be written: \(error.localizedDescription)")
        }
        guard rename(temporary, path) == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> Failure {
        Failure("\(path) can't be written: \(String(cString: strerror(errno)))")
    }
}
