// Refused: a critical call whose failure is neither passed on nor handled.
// error: errors thrown from here are not handled
import ServingPath

func charge(_ payment: CriticalOperation<Int, String, Never>, for caller: Caller) async -> String {
    try await payment.call(1000, for: caller)
}
