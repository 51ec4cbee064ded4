import Contracts
import Foundation
import Runtime
import TestSupport
import Testing

@testable import InventoryService

/// The folder of the journey data set that the project ships.
private let journey = URL(filePath: #filePath).deletingLastPathComponent().appending(
    path: "../../Data/journey"
).standardized
    .path

@Suite("Catalogue and stock", .timeLimit(.minutes(10)))
struct CatalogueTests {
    @Test("a product answers its price, currency and what is available of it")
    func product() async throws {
        try await withInventory(["A": 5]) { inventory in
            _ = try await inventory.reserve("o1", ["A": 2])
            let answer = try await inventory.get("/products/A", token: nil)
            #expect(answer.status == 200)
            #expect(
                try answer.decode()
                    == Product(
                        sku: "A", name: "Name of A", department: "GROCERY", unitPrice: 100, currency: "USD",
                        available: 3))
        }
    }

    @Test("the ETag changes with the document alone, also over a restart")
    func entityTag() async throws {
        let folder = try TemporaryFolder()
        let (tag, newTag) = try await withInventory(["A": 5], folder: folder) { inventory in
            let tag = try #require(try await inventory.get("/products/A").header("ETag"))
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 2)
            for known in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                let answer = try await inventory.send(
                    "GET", "/products/A", headers: [(name: "If-None-Match", value: known)])
                #expect(answer.status == 304)
                #expect(answer.body.isEmpty)
                #expect(answer.header("ETag") == tag)
            }
            _ = try await inventory.reserve("o1", ["A": 2])
            let answer = try await inventory.send(
                "GET", "/products/A", headers: [(name: "If-None-Match", value: tag)])
            #expect(answer.status == 200)
            let newTag = try #require(answer.header("ETag"))
            #expect(newTag != tag)
            return (tag, newTag)
        }
        try await withInventory(["A": 5], folder: folder) { inventory in
            #expect(try await inventory.get("/products/A").header("ETag") == newTag)
            _ = try await inventory.release("o1")
            #expect(try await inventory.get("/products/A").header("ETag") == tag)
        }
    }

    @Test("names and SKUs may hold all that CSV can, and are found by their percent-encoded path")
    func oddNames() async throws {
        let products = """
            sku,name,department,price,stock\r
            "a,b","Pan ""12"", round\r
            second line",GROCERY,359,7\r
            50% off/x y?,Ünïcödé 🍏,,0,0\r

            """
        try await withInventory(products: products) { inventory in
            let pan: Product = try await inventory.get("/products/a%2Cb").decode()
            #expect(pan.name == "Pan \"12\", round\r\nsecond line")
            #expect(pan.unitPrice == 359 && pan.available == 7)
            let apple: Product = try await inventory.get("/products/50%25%20off%2Fx%20y%3F").decode()
            #expect(apple.name == "Ünïcödé 🍏" && apple.department.isEmpty && apple.available == 0)
            #expect(try await inventory.stock("a%2Cb").seeded == 7)
        }
    }

    @Test("canonically equal spellings of a SKU are the same SKU")
    func unicode() async throws {
        try await withInventory(["caf\u{e9}": 5]) { inventory in
            let answer = try await inventory.reserve("o1", ["cafe\u{301}": 1, "caf\u{e9}": 1])
            #expect(answer.status == 201)
            #expect(figures(try await inventory.stock("caf%C3%A9")) == [5, 2, 0])
        }
    }

    @Test("the whole journey catalogue is seeded, and both lists lead to its end")
    func wholeCatalogue() async throws {
        try await withService(InventoryApplication.self, settings: ["SEED_DIR": journey]) { inventory in
            let products = try await inventory.all("/products", of: Product.self, limit: 500)
            #expect(products.count == 7_546)
            #expect(Set(products.map(\.sku)).count == 7_546)
            let butter = Product(
                sku: "P32111", name: "Butter 16 OZ", department: "GROCERY", unitPrice: 275, currency: "USD",
                available: 70)
            #expect(products.contains(butter))
            let stocks = try await inventory.all("/stock", of: Stock.self, limit: 499)
            #expect(stocks.map(\.sku) == products.map(\.sku))
            #expect(stocks.map(\.available) == products.map(\.available))
            #expect(stocks.allSatisfy { figures($0) == [$0.seeded, 0, 0] })
        }
    }

    @Test("reservations are listed by page and by status")
    func reservations() async throws {
        try await withInventory(["A": 100]) { inventory in
            for order in 10..<20 { _ = try await inventory.reserve("o\(order)", ["A": 1]) }
            for order in 10..<13 { _ = try await inventory.commit("o\(order)") }
            for order in 13..<15 { _ = try await inventory.release("o\(order)") }
            _ = try await inventory.release("tombstone")
            let all = try await inventory.all("/reservations", of: Reservation.self, limit: 3)
            #expect(all.map(\.orderId) == (10..<20).map { "o\($0)" } + ["tombstone"])
            for (status, ids) in [
                ("committed", ["o10", "o11", "o12"]), ("released", ["o13", "o14", "tombstone"]),
                ("expired", []),
                ("reserved", ["o15", "o16", "o17", "o18", "o19"]),
            ] {
                let page: Page<Reservation> = try await inventory.get("/reservations?status=\(status)")
                    .decode()
                #expect(page.items.map(\.orderId) == ids)
                #expect(page.items.allSatisfy { $0.status.rawValue == status })
            }
        }
    }

    @Test("without a seed folder the catalogue is empty")
    func noSeeds() async throws {
        try await withService(InventoryApplication.self) { inventory in
            let page: Page<Product> = try await inventory.get("/products").decode()
            #expect(page.items.isEmpty && page.nextCursor == nil)
            #expect(try await inventory.reserve("o1", ["A": 1]).problem?.code == "unknown-sku")
        }
    }

    @Test(
        "a bad line ends the start with a configuration error that names it",
        arguments: [
            ("A,a,G,100,5\nA,b,G,100,5", "line 3, column sku: \"A\" must stand in one line only"),
            (
                "A,a,G,1.5,5",
                "line 2, column price: \"1.5\" must be a whole number of cents from 0 to 1000000000"
            ),
            (
                "A,a,G,100,-1",
                "line 2, column stock: \"-1\" must be a whole number of pieces from 0 to 1000000000"
            ),
            (
                "A,a,G,100,99999999999999999999",
                """
                line 2, column stock: \"99999999999999999999\" must be a whole number of pieces from 0 to \
                1000000000
                """
            ),
            (",a,G,100,5", "line 2, column sku: \"\" must have 1 to 255 characters"),
            ("A,a,G,100", "line 2: has 4 fields, but the header has 5"),
            ("A,\"a,G,100,5", "line 2, column 2: a quote is not closed"),
        ])
    func badLine(_ lines: String, _ reason: String) async throws {
        let error = await #expect(throws: StartError.self) {
            try await withInventory(products: "sku,name,department,price,stock\n" + lines) { _ in }
        }
        #expect(error?.kind == .configuration)
        #expect(error?.description == "SEED_DIR/products.csv " + reason)
    }

    @Test("a missing seed file ends the start of an empty store, and not that of a seeded one")
    func missingFile() async throws {
        let folder = try TemporaryFolder()
        let settings = ["SEED_DIR": folder.path + "/nowhere"]
        let error = await #expect(throws: StartError.self) {
            try await withService(InventoryApplication.self, settings: settings, folder: folder) { _ in }
        }
        #expect(error?.kind == .configuration)
        #expect(error?.description.hasPrefix("SEED_DIR/products.csv") == true)
        try await withInventory(["A": 5], folder: folder) { _ in }
        try await withService(InventoryApplication.self, settings: settings, folder: folder) {
            inventory throws in
            #expect(try await inventory.stock("A").onHand == 5)
        }
    }
}
