import NotificationService
import TestSupport
import Testing

@Suite("What the notification service reads", .timeLimit(.minutes(10)))
struct NotificationReadTests {
    @Test("no read costs more in a larger store")
    func plans() async throws {
        try await withService(NotificationApplication.self) { service in
            let costly = try await service.costlyReads()
            #expect(costly.isEmpty)
        }
    }
}
