/// Returns once `condition` holds, and lets other tasks run meanwhile. Throws when the test's time limit is
/// over.
package func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}
