// Refused: using the value of an optional call without saying what holds when there is none.
// error: value of optional type 'Int?' must be unwrapped
import ServingPath

func price(_ coupon: OptionalOperation<String, Int>, for caller: Caller) async -> Int {
    1000 - (await coupon.call("WELCOME", for: caller)).value
}
