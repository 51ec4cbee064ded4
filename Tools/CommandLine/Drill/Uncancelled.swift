/// Runs `body` to its end although the task was cancelled, for rollbacks.
func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws
    -> Result
{
    try await Task { try await body() }.value
}
