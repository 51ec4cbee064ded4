import Foundation
import Telemetry
import Testing

@Suite struct LineWriterTests {
    private let pipe = Pipe()

    init() {
        // As every process that uses the writer must.
        signal(SIGPIPE, SIG_IGN)
    }

    private func writer(maximumWaitMilliseconds: Int32 = 0) -> LineWriter {
        LineWriter(
            descriptor: pipe.fileHandleForWriting.fileDescriptor,
            maximumWaitMilliseconds: maximumWaitMilliseconds)
    }

    /// Everything in the pipe, line by line, once its writing end is closed.
    private func receivedLines() throws -> [Substring] {
        try pipe.fileHandleForWriting.close()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n")
    }

    @Test("Lines arrive whole and in order")
    func inOrder() throws {
        let writer = writer()
        for index in 0..<100 { writer.emit(Array("line \(index)\n".utf8)) }
        #expect(try receivedLines() == (0..<100).map { "line \($0)" })
        #expect(writer.droppedLines == 0)
    }

    @Test(
        "A reader that has stopped delays no writer: what doesn't fit is dropped and counted"
    )
    func stoppedReader() throws {
        let writer = writer(maximumWaitMilliseconds: 1)
        let line = Array((String(repeating: "x", count: 999) + "\n").utf8)
        for _ in 0..<500 { writer.emit(line) }
        #expect(writer.droppedLines > 0)
        let dropped = writer.droppedLines
        let received = try receivedLines()
        #expect(received.count + dropped == 500)
        #expect(received.allSatisfy { $0.utf8.count == 999 })
    }

    @Test("Lines flow again once the reader does, and a torn line isn't glued to the next")
    func recovery() throws {
        let writer = writer()
        let long = Array((String(repeating: "x", count: 1_000_000) + "\n").utf8)
        writer.emit(long)
        #expect(writer.droppedLines == 1)
        _ = pipe.fileHandleForReading.availableData
        writer.emit(Array("after\n".utf8))
        #expect(writer.droppedLines == 1)
        #expect(try receivedLines().last == "after")
    }

    @Test("Long lines of many tasks don't mix")
    func longLines() async throws {
        let writer = writer(maximumWaitMilliseconds: 60_000)
        let reading = pipe.fileHandleForReading
        // On a thread of its own: the writers block the tasks' threads while they wait for it.
        let (received, continuation) = AsyncStream<Data>.makeStream()
        Thread.detachNewThread { continuation.yield((try? reading.readToEnd()) ?? Data()) }
        await withTaskGroup(of: Void.self) { group in
            for letter in ["a", "b", "c", "d"] {
                let line = Array((String(repeating: letter, count: 20_000) + "\n").utf8)
                group.addTask { for _ in 0..<10 { writer.emit(line) } }
            }
        }
        try pipe.fileHandleForWriting.close()
        let data = try #require(await received.first { _ in true })
        let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 40)
        #expect(lines.allSatisfy { $0.utf8.count == 20_000 && Set($0.utf8).count == 1 })
    }

    @Test("A reader that is gone costs lines, not the process")
    func readerGone() throws {
        let writer = writer()
        try pipe.fileHandleForReading.close()
        writer.emit(Array("lost\n".utf8))
        writer.emit(Array("lost too\n".utf8))
        #expect(writer.droppedLines == 2)
    }

    @Test("A pipe that doesn't block loses lines in the same way")
    func nonBlocking() throws {
        let descriptor = pipe.fileHandleForWriting.fileDescriptor
        #expect(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0)
        let writer = writer()
        let line = Array((String(repeating: "x", count: 999) + "\n").utf8)
        for _ in 0..<500 { writer.emit(line) }
        let dropped = writer.droppedLines
        #expect(dropped > 0)
        #expect(try receivedLines().count + dropped == 500)
    }

    @Test("A descriptor that isn't open loses lines")
    func notOpen() {
        let writer = LineWriter(descriptor: -1, maximumWaitMilliseconds: 1)
        writer.emit(Array("lost\n".utf8))
        #expect(writer.droppedLines == 1)
    }
}
