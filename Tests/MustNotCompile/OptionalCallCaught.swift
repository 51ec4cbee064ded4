// Refused: failing a purchase when an optional call does. It never does, so the `catch` is dead.
// error: 'catch' block is unreachable because no errors are thrown in 'do' block
import ServingPath

func purchase(_ coupon: OptionalOperation<String, Int>, for caller: Caller) async throws -> Int {
    do {
        return await coupon.call("WELCOME", for: caller).value ?? 0
    } catch {
        throw error
    }
}
