import Resilience

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes whole lines to a file descriptor and would rather lose a line than hold up the process.
///
/// A line of up to 4 KiB is one `write(2)`, which a pipe takes whole; a longer one is several. When the
/// reader doesn't keep up, the first line waits for it up to `maximumWait`; that line, and those after it for
/// which there is no room at once, are dropped and counted. So are lines that fail in any other way (a reader
/// that is gone, a full disk).
///
/// The process has to ignore `SIGPIPE`, or a reader that goes away ends it before this can drop anything.
package final class LineWriter: Sendable {
    package static let standardOutput = LineWriter(descriptor: STDOUT_FILENO)

    private struct State {
        var dropped = 0
        /// The last line didn't get through: don't wait again before one does.
        var isStalled = false
        /// The last thing written was part of a line.
        var isTorn = false
    }

    /// What Linux' pipes take without mixing in other writers' bytes, and without blocking after `poll` said
    /// writable.
    private static let pieceBytes = 4096

    private let descriptor: Int32
    private let maximumWaitMilliseconds: Int32
    // Held while writing, so that long lines of two threads don't mix.
    private let state = Locked(State())

    /// - Parameter maximumWaitMilliseconds: How long a line may wait for a reader that doesn't keep up.
    ///   Default: 100.
    package init(descriptor: Int32, maximumWaitMilliseconds: Int32 = 100) {
        self.descriptor = descriptor
        self.maximumWaitMilliseconds = maximumWaitMilliseconds
    }

    /// Lines lost since the start, those that were only partly written among them.
    package var droppedLines: Int { state.withLock { $0.dropped } }

    /// Writes one line that ends in a line feed.
    package func emit(_ line: [UInt8]) {
        state.withLock { state in
            let bytes = state.isTorn ? [UInt8(ascii: "\n")] + line : line
            let written = write(bytes, maximumWait: state.isStalled ? 0 : maximumWaitMilliseconds)
            let isComplete = written == bytes.count
            if !isComplete { state.dropped += 1 }
            if written > 0 { state.isTorn = !isComplete }
            state.isStalled = !isComplete
        }
    }

    /// How many bytes got through.
    private func write(_ bytes: [UInt8], maximumWait: Int32) -> Int {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count, isWritable(maximumWait: maximumWait) {
                let piece = bytes[written...].prefix(Self.pieceBytes)
                let count = posixWrite(descriptor, UnsafeRawBufferPointer(rebasing: piece))
                if count > 0 {
                    written += count
                } else if count == 0 || errno != EINTR {
                    break
                }
            }
            return written
        }
    }

    private func isWritable(maximumWait: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let ready = poll(&request, 1, maximumWait)
            if ready >= 0 { return ready > 0 }
            if errno != EINTR { return false }
        }
    }
}

private func posixWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    write(descriptor, bytes.baseAddress, bytes.count)
}
