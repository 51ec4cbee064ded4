import Contracts
import Foundation
import TestSupport
import Testing
import Transport

@Suite("Backup and restore", .timeLimit(.minutes(20)), .serialized)
struct DiskBackupTests {
    @Test("a copy made under load starts as a stack; the audit names what order doesn't know, to undo it")
    func restore() async throws {
        try await withSystemStack { stack in
            let copies = try TemporaryFolder()
            let customers = try await Customers(stack)
            try await customers.order(8) {
                try await customers.until { $0.orders.count >= 50 }
                let begin = ContinuousClock.now
                let acknowledged = customers.tally.value.orders
                let backup = try await stack.csp("backup", copies.path)
                print(
                    """
                    backup under load after \(acknowledged.count) orders, in \(begin.duration(to: .now)):
                    \(backup.output)
                    """)
                let during = customers.tally.value.orders.count
                try await customers.until { $0.orders.count >= during + 20 }
                try await restored(copies, acknowledged)
            }
            // The copied stack is intact.
            try await stack.csp("audit")
            try await customers.check()
        }
    }

    private func restored(_ copies: TemporaryFolder, _ acknowledged: Set<String>) async throws {
        try await withSystemStack(on: copies) { stack in
            var audit = try await auditOnceDrained(stack)
            var orphans: Set<String> = []
            for invariant in audit.invariants {
                orphans.formUnion(invariant.violations.map(\.id).filter { $0.hasPrefix("ord_") })
            }
            for id in orphans { try await undo(id, stack) }
            audit = try await auditOnceDrained(stack)
            print("restored: \(orphans.count) orders undone that order's copy didn't know")
            // Payments that were captured and refunded keep their record.
            let left = audit.invariants.flatMap(\.violations).filter {
                !$0.detail.contains("has a payment but is no order")
            }
            #expect(left.isEmpty, "\(left)")
            for id in acknowledged {
                let order: OrderDocument = try await stack.get("order", "/orders/\(id)")
                #expect(order.status == .confirmed)
            }
            let new = try await stack.place(Customers.order("H-new"))
            #expect(new.status == 201)
        }
    }

    private func auditOnceDrained(_ stack: SystemStack) async throws -> AuditReport {
        let outcome = try await stack.csp("audit", "--json", expecting: nil)
        return try JSON.decode(AuditReport.self, from: Data(outcome.output.utf8))
    }

    private func undo(_ id: String, _ stack: SystemStack) async throws {
        struct Tokens: Decodable { var serviceToken: String }
        let file = URL(filePath: stack.folder.path + "/tokens.json")
        let token = try JSON.decode(Tokens.self, from: Data(contentsOf: file)).serviceToken
        for (service, path) in [
            ("payment", "/payments/void"), ("inventory", "/reservations/\(id)/release"),
            ("coupon", "/redemptions/\(id)/release"),
        ] {
            var request = HTTPClient.Request(
                method: "POST", url: try stack.url(service) + path, connectTimeout: .seconds(5),
                timeout: .seconds(5))
            request.headers = [
                (name: "Authorization", value: "Bearer \(token)"),
                (name: "Content-Type", value: "application/json"),
            ]
            request.body = Array(try JSON.encode(["orderId": id]))
            #expect(try await stack.client.send(request).status == 200)
        }
    }

    @Test("nothing is overwritten; a dead or frozen service is named with exit code 1, without remains")
    func failures() async throws {
        try await withSystemStack { stack in
            let copies = try TemporaryFolder()
            for (hurt, word, heal) in [("kill", "dead", "start"), ("freeze", "frozen", "thaw")] {
                try await stack.csp(hurt, "coupon")
                let without = try await stack.csp("backup", copies.path + "/new/one", expecting: 1)
                #expect(
                    without.errors.contains("coupon is \(word)")
                        && without.errors.split(separator: "\n").count == 1)
                #expect(try FileManager.default.contentsOfDirectory(atPath: copies.path) == [])
                try await stack.csp(heal, "coupon")
            }
            try await stack.csp("backup", copies.path + "/new/one")
            let mode =
                try FileManager.default.attributesOfItem(atPath: copies.path + "/new/one")[.posixPermissions]
                as? Int
            #expect(mode == 0o700)
            let again = try await stack.csp("backup", copies.path + "/new/one", expecting: 1)
            #expect(
                again.errors.split(separator: "\n").count == ServiceName.allCases.count
                    && again.errors.contains("file-exists"))
            #expect(FileManager.default.fileExists(atPath: copies.path + "/new/one/order/order.sqlite"))
            try await stack.csp("backup", expecting: 2)
        }
    }
}
