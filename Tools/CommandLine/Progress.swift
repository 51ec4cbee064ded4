import Foundation

/// Progress of long work on stderr: on a terminal one line that is rewritten, else a line every five seconds.
struct Progress {
    private static let rewrites = isatty(STDERR_FILENO) == 1
    private var lastShown = ContinuousClock.now

    mutating func show(_ text: @autoclosure () -> String) {
        let now = ContinuousClock.now
        guard now - lastShown >= (Self.rewrites ? .milliseconds(100) : .seconds(5)) else { return }
        lastShown = now
        write(Self.rewrites ? "\r\u{1B}[2K\(text())" : "\(text())\n")
    }

    /// Makes room for the result.
    func finish() {
        if Self.rewrites { write("\r\u{1B}[2K") }
    }

    private func write(_ text: String) {
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
