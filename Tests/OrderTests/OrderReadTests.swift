import TestSupport
import Testing

@Suite("What the order service reads", .timeLimit(.minutes(10)))
struct OrderReadTests {
    @Test("no read costs more in a larger store")
    func plans() async throws {
        try await withStack { stack in
            let costly = try await stack.order.costlyReads()
            #expect(costly.isEmpty)
        }
    }
}
