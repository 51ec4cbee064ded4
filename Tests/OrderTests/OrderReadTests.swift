import TestSupport
import Testing

@Suite("What the order service reads", .timeLimit(.minutes(10)))
struct OrderReadTests {
    @Test("nothing that is asked for costs more in a larger store")
    func plans() async throws {
        try await withStack { stack in
            let costly = try await stack.order.costlyReads()
            #expect(costly.isEmpty)
        }
    }
}
