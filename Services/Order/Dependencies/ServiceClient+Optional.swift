import Contracts
import ServingPath
import Transport

extension ServiceClient {
    /// Makes a call of an optional dependency, of which a refusal is an answer like any other.
    /// - Parameter refused: the answer that a refusal is; nil where the contract has none.
    func optional<Value: Sendable>(
        _ call: () async throws(CallError) -> Value, refused: (ProblemDocument) -> Value? = { _ in nil }
    ) async throws(Unavailability) -> Value {
        do throws(CallError) {
            return try await call()
        } catch {
            switch error {
            case .unavailable(let reason): throw reason
            case .refused(let problem):
                guard let value = refused(problem) else { throw .invalidAnswer }
                return value
            }
        }
    }
}
