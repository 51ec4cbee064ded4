import Contracts
import Logging
import Runtime

/// Fills an empty store from `SEED_DIR/products.csv`, once, and the catalogue in memory from the store, at
/// every start.
struct LoadCatalogue: Sendable {
    struct Seed: Sendable {
        var entry: Catalogue.Entry
        var stock: Int
    }

    let reservations: ReservationStore
    let catalogue: Catalogue
    let seedFolder: String?
    let logger: Logger

    /// - Throws: ``StartError`` for a file that can't be read, or the first of its lines that isn't right.
    func callAsFunction() async throws {
        let stored = try await reservations.catalogue()
        guard stored.isEmpty, let seedFolder else { return catalogue.load(stored) }
        let seeds = try Self.seeds(in: seedFolder)
        try await reservations.insert(seeds)
        catalogue.load(seeds.map(\.entry))
        logger.info("catalogue seeded", metadata: ["products": "\(seeds.count)"])
    }

    private static func seeds(in folder: String) throws(StartError) -> [Seed] {
        let columns = ["sku", "name", "department", "price", "stock"]
        return try CSV.seeds("products.csv", in: folder, columns: columns) { record throws(CSV.Malformed) in
            // A hundred of them are in one reservation's answer.
            for column in ["name", "department"] where record[column].utf8.count > 4000 {
                throw record.malformed(column, "must have at most 4000 bytes")
            }
            let entry = Catalogue.Entry(
                sku: record["sku"], name: record["name"], department: record["department"],
                unitPrice: try record.number("price", in: 0...1_000_000_000, of: "cents"))
            return Seed(entry: entry, stock: try record.number("stock", in: 0...1_000_000_000, of: "pieces"))
        }
    }
}
