import Contracts
import GRDB
import Runtime
import Storage
import TestSupport
import Testing

@testable import NotificationService

@Suite("Notifications that are old", .timeLimit(.minutes(10)))
struct NotificationRetentionTests {
    private let day = Duration.seconds(86_400)

    @Test("are deleted after 90 days by default, and GET /retention says up to when")
    func deleted() async throws {
        let folder = try TemporaryFolder()
        try await withService(NotificationApplication.self, folder: folder, wall: { moment }) { service in
            let answer = try await service.send(.orderConfirmed, order: "o1")
            #expect(answer.status == 202)
        }
        let later = moment.advanced(by: day * 90)
        try await withService(NotificationApplication.self, folder: folder, wall: { later }) { service in
            while try await !service.notifications().isEmpty { await Task.yield() }
            #expect(try await service.send(.orderConfirmed, order: "o2").status == 202)
            #expect(try await service.notifications().map(\.orderId) == ["o2"])
            let retention = try await service.get("/retention").decode(Page<RetentionStatus>.self).items
            #expect(
                retention == [
                    RetentionStatus(what: "notifications", keptForSeconds: 90 * 86_400, deletedUntil: moment),
                    RetentionStatus(what: "dead letters", keptForSeconds: nil, deletedUntil: nil),
                ])
        }
    }

    @Test("are kept for ever if so configured")
    func kept() async throws {
        let settings = ["NOTIFICATION_RETENTION": "forever"]
        let (folder, time) = (try TemporaryFolder(), ManualTime())
        try await withService(NotificationApplication.self, folder: folder, wall: { moment }) { service in
            let answer = try await service.send(.orderConfirmed, order: "o1")
            #expect(answer.status == 202)
        }
        let later = moment.advanced(by: day * 36_500)
        try await withService(
            NotificationApplication.self, settings: settings, folder: folder, wall: { later },
            time: time.source
        ) { service in
            let notifications = try await service.notifications()
            #expect(notifications.count == 1)
            let retention = try await service.get("/retention").decode(Page<RetentionStatus>.self).items
            #expect(
                retention.first
                    == RetentionStatus(what: "notifications", keptForSeconds: nil, deletedUntil: nil))
        }
    }

    @Test("are deleted 20 at a time, with a pause between")
    func pauses() async throws {
        let (folder, time) = (try TemporaryFolder(), ManualTime())
        let store = try Store(
            folder: folder.path + "/data", name: NotificationApplication.name,
            migrations: NotificationApplication.migrations)
        try await store.write { database in
            for number in 0..<30 {
                let notification = StoredNotification(
                    id: "\(number)", orderId: "o", customerId: "H1", kind: .orderConfirmed, channel: .log,
                    status: .sent,
                    at: moment)
                _ = try NotificationTable.insert(database, notification)
            }
        }
        store.close()
        let later = moment.advanced(by: day * 91)
        try await withService(
            NotificationApplication.self, folder: folder, wall: { later }, time: time.source
        ) { service in
            while try await service.notifications().count > 10 { await Task.yield() }
            #expect(try await service.notifications().count == 10)
            await time.sleepers(1)
            time.advance(by: .milliseconds(50))
            while try await !service.notifications().isEmpty { await Task.yield() }
        }
    }

    @Test("a batch keeps its limit, begins with the oldest, and ends before one that isn't sent")
    func batches() async throws {
        let folder = try TemporaryFolder()
        let store = try Store(folder: folder.path, name: "n", migrations: NotificationApplication.migrations)
        for number in 0..<6 {
            let notification = StoredNotification(
                id: "\(number)", orderId: "o", customerId: "H1", kind: .orderConfirmed, channel: .webhook,
                status: number == 4 ? .stored : .sent, at: moment.advanced(by: .seconds(number)))
            _ = try await store.write { try NotificationTable.insert($0, notification) }
        }
        func delete(until seconds: Int, limit: Int) async throws -> Retention.Batch {
            try await store.write {
                try NotificationTable.deleteOldest(
                    $0, until: moment.advanced(by: .seconds(seconds)), limit: limit)
            }
        }
        func ids() async throws -> [String] {
            try await store.read {
                try String.fetchAll($0, sql: "SELECT id FROM notifications ORDER BY sequence DESC")
            }
        }
        let first = try await delete(until: 9, limit: 2)
        #expect(first.count == 2 && first.until == moment.advanced(by: .seconds(1)) && first.cursor != nil)
        #expect(try await ids() == ["5", "4", "3", "2"])
        let second = try await delete(until: 2, limit: 2)
        #expect(second.count == 1 && second.cursor == nil)
        let third = try await delete(until: 9, limit: 9)
        #expect(third.count == 1)
        #expect(try await ids() == ["5", "4"])
        let fourth = try await delete(until: 9, limit: 9)
        #expect(fourth.count == 0 && fourth.until == nil && fourth.cursor == nil)
        store.close()
    }
}
