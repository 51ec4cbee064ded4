import Contracts
import TestSupport
import Testing

@testable import Runtime

@Suite("What services learn of each other's stores", .timeLimit(.minutes(10)))
struct PeerStoresTests {
    private func tell(
        _ service: RunningService<SmallService>, _ store: ServiceStore, token: String? = TestTokens.service
    )
        async throws -> TestAnswer
    {
        try await service.send(
            "POST", "/help", token: token, headers: [(name: "csp-store", value: "\(store)")])
    }

    private func heard(_ service: RunningService<SmallService>) async throws -> [ServiceStore] {
        try await service.get("/csp").decode(PathDocument.self).peers
    }

    private func order(_ commits: Int64, id: String = "a", epoch: Int64 = 0) -> ServiceStore {
        ServiceStore(service: "order", store: StoreMark(id: id, epoch: epoch, commits: commits))
    }

    @Test("a call by a service tells of its store, and its answer of this one's, which is what is on disk")
    func exchange() async throws {
        try await withService(SmallService.self) { service in
            let first = try #require(
                ServiceStore(try await tell(service, order(7)).header("csp-store") ?? ""))
            let second = try #require(
                ServiceStore(try await tell(service, order(8)).header("csp-store") ?? ""))
            #expect(first.service == "small" && first.store.id == second.store.id)
            #expect(second.store.commits == first.store.commits + 1)
            let path = try await service.get("/csp").decode(PathDocument.self)
            #expect(path.store == second.store && path.peers == [order(8)])
        }
    }

    @Test("a caller that isn't a service neither tells nor learns anything; other headers are ignored")
    func strangers() async throws {
        try await withService(SmallService.self) { service in
            let refused = try await tell(service, order(9), token: nil)
            #expect(refused.status == 401 && refused.header("csp-store") == nil)
            for text in ["", "order", "order/a/0", "order/a/0/-1", "order/a/x/1", "/a/0/1", "order//0/1"] {
                let answer = try await service.send(
                    "POST", "/help", headers: [(name: "csp-store", value: text)])
                #expect(answer.status == 201)
            }
            #expect(try await heard(service) == [])
        }
    }

    @Test(
        "the latest is remembered, also after a restart; after an accepted loss another store counts"
    )
    func furthest() async throws {
        let folder = try TemporaryFolder()
        try await withService(SmallService.self, folder: folder) { service in
            for store in [order(7), order(5), order(9, id: "b")] { _ = try await tell(service, store) }
            #expect(try await heard(service) == [order(7)])
        }
        try await withService(SmallService.self, folder: folder) { service in
            #expect(try await heard(service) == [order(7)])
            _ = try await tell(service, order(3, epoch: 1))
            #expect(try await heard(service) == [order(3, epoch: 1)])
            _ = try await tell(service, order(0, id: "b", epoch: 2))
            #expect(try await heard(service) == [order(0, id: "b", epoch: 2)])
        }
    }
}
