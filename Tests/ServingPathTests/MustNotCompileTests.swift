import Foundation
import Testing

/// The types of the path make some mistakes compile errors. `Tests/MustNotCompile` has one mistake a file,
/// with the errors that the compiler must give (`// error: …`); a file without any must compile.
@Suite("Must not compile", .timeLimit(.minutes(10)))
struct MustNotCompileTests {
    @Test(
        "a mistake is refused for its own reason, and what is no mistake compiles",
        arguments: try Snippet.all())
    func refused(snippet: Snippet) async throws {
        let (status, errors) = try await snippet.compile()
        #expect((status == 0) == snippet.refusals.isEmpty, "swiftc ended with \(status): \(errors)")
        for refusal in snippet.refusals {
            #expect(
                errors.contains { $0.contains(refusal) }, "not refused with “\(refusal)” but with \(errors)")
        }
        for error in errors {
            #expect(snippet.refusals.contains { error.contains($0) }, "refused for another reason: \(error)")
        }
    }

    @Test("there are mistakes to refuse, and a file that shows that the set-up compiles correct code")
    func control() throws {
        let snippets = try Snippet.all()
        #expect(snippets.contains { $0.refusals.isEmpty })
        #expect(snippets.count { !$0.refusals.isEmpty } >= 10)
    }
}
