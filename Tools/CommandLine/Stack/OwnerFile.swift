import Foundation

/// A file of JSON that its owner alone may read, and that is never seen half written.
enum OwnerFile {
    /// Writes a copy that takes the file's place. Where the disk has no space for one, the old text is
    /// overwritten: a stack's record must be changeable on a full disk too, and its few bytes fit in the
    /// block that the file has.
    static func write(_ text: String, to path: String) throws {
        let bytes = Array((text + "\n").utf8)
        let temporary = "\(path).\(getpid())"
        if put(bytes, into: temporary, O_CREAT | O_TRUNC), rename(temporary, path) == 0 { return }
        let reason = errno
        unlink(temporary)
        guard reason == ENOSPC, put(padded(bytes, over: path), into: path) else {
            throw Failure("\(path) can't be written: \(String(cString: strerror(reason)))")
        }
    }

    /// Pads to the length of the file at least, so that no part of the old text remains behind the new one.
    private static func padded(_ bytes: [UInt8], over path: String) -> [UInt8] {
        let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
        return bytes + Array(repeating: UInt8(ascii: "\n"), count: max(0, size - bytes.count))
    }

    /// False, with the reason in `errno`, where it could not be written.
    private static func put(_ bytes: [UInt8], into path: String, _ flags: Int32 = 0) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0o600)
        guard descriptor >= 0 else { return false }
        let written = Foundation.write(descriptor, bytes, bytes.count)
        // A disk that fills up in the middle takes a part of the text.
        let reason = written < 0 ? errno : ENOSPC
        close(descriptor)
        errno = reason
        return written == bytes.count
    }
}
