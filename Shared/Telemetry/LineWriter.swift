import Resilience

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Writes whole lines to a file descriptor; it loses a line rather than block the process.
///
/// A line of up to 4 KiB is one `write(2)`, which a pipe takes whole; a longer one is several. If the reader
/// is too slow, the first line waits for it up to `maximumWait`; that line, and later ones without room, are
/// dropped and counted. So are lines that fail in any other way (the reader is gone, the disk is full).
///
/// The process has to ignore `SIGPIPE`: otherwise a reader that goes away ends it.
package final class LineWriter: Sendable {
    package static let standardOutput = LineWriter(descriptor: STDOUT_FILENO)

    private struct State {
        var dropped = 0
        /// The last line was dropped: don't wait again before one is written.
        var isStalled = false
        /// The last write ended inside a line.
        var isTorn = false
    }

    /// How much Linux' pipes take without mixing in other writers' bytes, and without blocking after `poll`
    /// said writable.
    private static let pieceBytes = 4096

    private let descriptor: Int32
    private let maximumWaitMilliseconds: Int32
    // Held while writing, so that long lines of two threads don't mix.
    private let state = Locked(State())

    /// - Parameter maximumWaitMilliseconds: How long a line may wait for a slow reader. Default: 100.
    package init(descriptor: Int32, maximumWaitMilliseconds: Int32 = 100) {
        self.descriptor = descriptor
        self.maximumWaitMilliseconds = maximumWaitMilliseconds
    }

    /// Lines lost since the start, partly written ones included.
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
