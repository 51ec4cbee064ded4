package import Logging

extension TraceContext {
    /// Adds `trace_id` to each line that is logged in the task of a request; what the store's writer logs has
    /// none.
    package static let metadataProvider = Logger.MetadataProvider {
        current.map { ["trace_id": "\($0.traceId)"] } ?? [:]
    }
}
