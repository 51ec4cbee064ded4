// Refused: taking an optional call for one that can throw, and so for one that can fail a purchase.
// error: no calls to throwing functions occur within 'try' expression
import ServingPath

func purchase(_ coupon: OptionalOperation<String, Int>, for caller: Caller) async throws -> Int {
    try await coupon.call("WELCOME", for: caller).value ?? 0
}
