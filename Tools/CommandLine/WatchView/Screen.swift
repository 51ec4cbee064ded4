import Foundation
import Resilience

/// The whole terminal, for a dashboard that is redrawn; its former content is restored at the end.
final class Screen: Sendable {
    struct Size: Equatable {
        var width: Int
        var height: Int
    }

    private let drawing = Locked<(@Sendable (Size) -> [StyledLine])?>(nil)

    /// Whether stdout is a terminal.
    static var isThere: Bool {
        isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    }

    static var size: Size {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return Size(width: 80, height: 24)
        }
        return Size(width: Int(size.ws_col), height: Int(size.ws_row))
    }

    /// Redraws when the window is resized, as long as the result is kept.
    func begin() -> any DispatchSourceSignal {
        // The alternate screen, and no cursor.
        write("\u{1B}[?1049h\u{1B}[?25l")
        signal(SIGWINCH, SIG_IGN)
        let resized = DispatchSource.makeSignalSource(signal: SIGWINCH, queue: .global())
        resized.setEventHandler { [weak self] in self?.draw() }
        resized.resume()
        return resized
    }

    func end() {
        drawing.withLock {
            $0 = nil
            write("\u{1B}[?25h\u{1B}[?1049l")
        }
    }

    func show(_ lines: @escaping @Sendable (Size) -> [StyledLine]) {
        drawing.withLock { $0 = lines }
        draw()
    }

    private func draw() {
        drawing.withLock { lines in
            guard let lines else { return }
            let size = Self.size
            write(Self.frame(lines(size), size))
        }
    }

    /// One frame as one write: each line overwrites the old one, then the rest is cleared. Nothing is blank
    /// in between, so nothing flickers.
    static func frame(_ lines: [StyledLine], _ size: Size) -> String {
        let texts = lines.prefix(size.height).map { line in
            // After a full line the cursor is still on its last character, which clearing would remove.
            Terminal.coloured(line) + (line.count < size.width ? "\u{1B}[K" : "")
        }
        return "\u{1B}[H" + texts.joined(separator: "\r\n")
            + (texts.count < size.height ? "\r\n\u{1B}[J" : "")
    }

    private func write(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }
}
