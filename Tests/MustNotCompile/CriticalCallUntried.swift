// Refused: a critical call as if it could not fail.
// error: call can throw but is not marked with 'try'
import ServingPath

func charge(_ payment: CriticalOperation<Int, String, Never>, for caller: Caller) async throws -> String {
    await payment.call(1000, for: caller)
}
