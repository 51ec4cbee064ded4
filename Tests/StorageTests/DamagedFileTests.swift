import Foundation
import GRDB
import Storage
import TestSupport
import Testing

@Suite("A file that was damaged", .timeLimit(.minutes(10)))
struct DamagedFileTests {
    private static let pageSize = 4096

    @Test("garbage in any of its pages is found at the start, in one line that names the file")
    func garbage() async throws {
        let folder = try TemporaryFolder()
        let file = try await manyNotes(folder)
        let sound = try Data(contentsOf: file)
        let pages = sound.count / Self.pageSize
        try #require(pages > 100)
        var random = SeededRandomSource("damaged pages")
        for page in [0, 1, pages / 2, pages - 1] + (0..<20).map({ _ in random.upTo(pages) }) {
            var damaged = sound
            let start = page * Self.pageSize
            for index in start..<start + Self.pageSize { damaged[index] = UInt8(random.upTo(256)) }
            try damaged.write(to: file)
            #expect {
                try open(folder).close()
            } throws: { error in
                "\(error)".contains(file.path) && !"\(error)".contains("\n")
            }
        }
        try sound.write(to: file)
        try open(folder).close()
    }

    @Test("a file that was cut off is found too")
    func cutOff() async throws {
        let folder = try TemporaryFolder()
        let file = try await manyNotes(folder)
        let sound = try Data(contentsOf: file)
        try sound.prefix(sound.count / 2).write(to: file)
        #expect {
            try open(folder).close()
        } throws: { error in
            "\(error)".contains(file.path)
        }
    }
}
