// Refused: an optional call's answer used as a value that is always there.
// error: cannot convert return expression of type 'Served<Int>' to return type 'Int'
import ServingPath

func discount(_ coupon: OptionalOperation<String, Int>, for caller: Caller) async -> Int {
    await coupon.call("WELCOME", for: caller)
}
