import Contracts
import Testing

@Suite("Spelling")
struct SpellingTests {
    @Test(
        "a name with up to two slips in it is found again",
        arguments: [
            ("plcae", "place"), ("pace", "place"), ("placee", "place"), ("plaze", "place"),
            ("stats", "status"),
            ("COUPON_TIMOUT", "COUPON_TIMEOUT"), ("place", "place"),
        ])
    func found(text: String, name: String) {
        #expect(
            Spelling.nearest(to: text, among: ["place", "status", "COUPON_TIMEOUT", "COUPON_URL"]) == name)
    }

    @Test("a name that is unlike all of them isn't found", arguments: ["", "frobnicate", "COUPON_PORT", "p"])
    func unknown(text: String) {
        #expect(
            Spelling.nearest(to: text, among: ["place", "status", "COUPON_TIMEOUT", "COUPON_URL"]) == nil)
    }
}
