import Foundation
import TestSupport
import Testing

/// The console's page in headless Chromium: `Tests/Browser/console.py`.
@Suite("The console's page, in a browser", .timeLimit(.minutes(10)))
struct BrowserTests {
    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Browser/console.py").path

    @Test(
        "shows deaths, freezes and repairs; passes axe; fits 390 and 1,440 px, light and dark, both languages"
    )
    func page() async throws {
        // Few requests at once, so that any load is too much for it.
        let settings = ["SHED_MINIMUM": "8", "SHED_MAXIMUM": "8", "SHED_MAX_QUEUE_TIME": "500ms"]
        try await withSystemStack(environment: settings) { stack in
            let scratch = try TemporaryFolder()
            let screenshots = ProcessInfo.processInfo.environment["CSP_SCREENSHOTS"] ?? scratch.path
            let output = try scratch.write("", to: "output")
            let process = try ChildProcess(
                "/usr/bin/env",
                [
                    "python3", Self.script, try stack.url("console"),
                    Executables.folder.appending(path: "csp").path, stack.folder.path, screenshots,
                ], output: output, errors: output)
            let status = await process.end()
            let words = try String(contentsOfFile: output, encoding: .utf8)
            print(words)
            #expect(status == 0 || status == 77, "\(words)")
        }
    }
}
