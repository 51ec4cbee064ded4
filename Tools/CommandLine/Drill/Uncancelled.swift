/// Runs to its end although the task was cancelled: what was broken is mended.
func uncancelled<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws
    -> Result
{
    try await Task { try await body() }.value
}
