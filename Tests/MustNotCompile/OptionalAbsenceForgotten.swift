// Refused: a switch over the answers of an optional call without the case that there is none.
// error: switch must be exhaustive
import ServingPath

func discount(_ coupon: OptionalOperation<String, Int>, for caller: Caller) async -> Int {
    switch await coupon.call("WELCOME", for: caller) {
    case .live(let value), .cached(let value, _, _), .computed(let value, _): value
    }
}
