package import Instrumentation
package import Synchronization
package import Tracing

extension ServiceSpan {
    /// Whether this process has ever recorded one. Looking for the task's span costs a hundred nanoseconds.
    @usableFromInline static let isAnyRecorded = Atomic(false)

    /// The span that the task works in; nil where none is recorded.
    package static var current: ServiceSpan? {
        isAnyRecorded.load(ordering: .relaxed) ? InstrumentationContext.current?.span : nil
    }

    /// Runs `body` in a span that is a part of the task's own. Where none is recorded it only runs `body`.
    @inlinable
    @inline(__always)
    package static func within<Value, Failure: Error>(
        _ name: @autoclosure () -> String, ofKind kind: SpanKind = .internal,
        _ body: (ServiceSpan?) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        guard isAnyRecorded.load(ordering: .relaxed), let current else { return try await body(nil) }
        return try await current.recording(name(), ofKind: kind, body)
    }

    @usableFromInline
    func recording<Value, Failure: Error>(
        _ name: String, ofKind kind: SpanKind, _ body: (ServiceSpan?) async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let span = child(name, ofKind: kind)
        defer { span.end() }
        return try await span.context.asCurrent { () async throws(Failure) in try await body(span) }
    }
}

extension InstrumentationContext {
    /// Runs `body` with this as the task's context. (The package's own `withValue` forgets the error's type.)
    package func asCurrent<Value, Failure: Error>(
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await Self.$current.withValue(self) {
            do throws(Failure) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
