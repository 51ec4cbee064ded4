import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@Suite("A service with nothing but its data folder", .serialized, .timeLimit(.minutes(20)))
struct DiskTemporaryTests {
    @Test(
        "without a writable temporary folder the largest basket is reserved, and the service stays ready",
        .enabled(if: LoneService.canHaveOwnMounts, "\(LoneService.reason)"))
    func noTemporaryFolder() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        let data = try TemporaryFolder()
        // SQLite tries the working folder too. The checkout may lie in a temporary folder itself.
        let script = """
            mount -t tmpfs csp-test /mnt
            mkdir /mnt/data /mnt/bin /mnt/seed
            mount --bind \(data.path) /mnt/data
            mount --bind \(Executables.folder.path) /mnt/bin
            mount --bind \(LoneService.seedFolder) /mnt/seed
            for folder in /tmp /var/tmp /usr/tmp; do
                test ! -d $folder || mount -t tmpfs -o ro csp-test $folder
            done
            cd /tmp
            """
        let inventory = try await LoneService(
            "inventory", data: "/mnt/data", after: script, hasOwnMounts: true,
            executables: "/mnt/bin", settings: ["TMPDIR": "/tmp", "SEED_DIR": "/mnt/seed"], client: client)
        defer { inventory.process.terminate() }
        try await inventory.untilReady()
        let request = ReservationRequest(orderId: "ord_large", items: try largestBasket())
        let reserved = try await inventory.post("/reservations", request)
        #expect(reserved.status == 201, "\(String(decoding: reserved.body, as: UTF8.self))")
        #expect(try await inventory.get("/readyz").status == 200)
        inventory.process.terminate()
        #expect(await inventory.process.end() == 0)
    }

    @Test("without a free descriptor it writes and reads; with some again it is ready without a restart")
    func noDescriptors() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        let data = try TemporaryFolder()
        let inventory = try await LoneService("inventory", data: data.path, client: client)
        defer { inventory.process.terminate() }
        try await inventory.untilReady()
        let customer = try RawConnection(port: inventory.port)
        customer.send("GET", "/livez")
        #expect(await customer.answer()?.status == 200)
        // Fewer than it has open, so it gets no new one.
        try await allow(descriptors: 4, inventory)

        let items = try largestBasket()
        func reserve(_ id: String) async throws -> RawConnection.Answer? {
            let request = ReservationRequest(orderId: id, items: items)
            customer.send(
                "POST", "/reservations", headers: ["authorization": "Bearer \(TestTokens.service)"],
                body: String(decoding: try JSON.encode(request), as: UTF8.self))
            return await customer.answer()
        }
        #expect(try await reserve("ord_1")?.status == 201)
        customer.send("GET", "/products?limit=100")
        #expect(await customer.answer()?.status == 200)
        try await allow(descriptors: 1024, inventory)
        // Needs a new connection.
        #expect(try await inventory.get("/readyz").status == 200)
        #expect(try await reserve("ord_2")?.status == 201)
    }

    private func allow(descriptors: Int, _ service: LoneService) async throws {
        let change = try ChildProcess(
            "/usr/bin/prlimit", ["--pid", "\(service.process.pid)", "--nofile=\(descriptors):"])
        try #require(await change.end() == 0)
    }
}
