package import Logging

extension TraceContext {
    /// Adds `trace_id` to each line that is logged while a request is served.
    package static let metadataProvider = Logger.MetadataProvider {
        current.map { ["trace_id": "\($0.traceId)"] } ?? [:]
    }
}
