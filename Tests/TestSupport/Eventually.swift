/// Returns once `condition` holds, giving way to other tasks meanwhile. A test whose time limit is over ends
/// here.
package func eventually(_ condition: () async throws -> Bool) async throws {
    while try await !condition() {
        try Task.checkCancellation()
        await Task.yield()
    }
}
