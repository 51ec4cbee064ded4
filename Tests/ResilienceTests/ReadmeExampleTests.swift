import Foundation
import Testing

@Suite("The README's example", .timeLimit(.minutes(10)))
struct ReadmeExampleTests {
    private func text(_ path: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    @Test("is the code that is compiled here, word for word", arguments: ["README.md", "README.ko.md"])
    func same(readme: String) throws {
        let example = try text("Tests/ResilienceTests/ReadmeExample.swift")
        #expect(try text(readme).contains("```swift\n\(example)```"))
    }

    @Test("answers what the dependency answers, and nothing when it doesn't")
    func works() async throws {
        let policies = try protected()
        #expect(await quote("P1", policies) { _, _ throws(QuoteError) in 359 } == 359)
        #expect(await quote("P1", policies) { _, _ throws(QuoteError) in throw .unknownProduct } == nil)
    }
}
