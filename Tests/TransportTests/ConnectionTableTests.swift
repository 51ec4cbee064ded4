import TestSupport
import Testing

@testable import Transport

@Suite("The table of connections")
struct ConnectionTableTests {
    private static let limits = ConnectionTable.Limits(total: 4, perClient: 3, reserve: 2)

    private static func table(_ clients: [String]) -> (ConnectionTable, [ConnectionTable.ID]) {
        var table = ConnectionTable(limits: limits)
        let ids = clients.compactMap { table.open($0).id }
        return (table, ids)
    }

    @Test(
        "beyond the limit those end first that never asked, then the longest silent; none in use, no service"
    )
    func order() throws {
        var (table, ids) = Self.table(["a", "b", "c", "d"])
        table.begin(ids[0])
        table.end(ids[0])
        table.isService(ids[1])
        table.begin(ids[2])
        let fifth = table.open("e")
        #expect(fifth.ends == ids[3])
        let isThere = table.begin(ids[3])
        #expect(!isThere)
        let next = table.open("f")
        #expect(next.ends == fifth.id)
        try table.begin(#require(next.id))
        #expect(table.open("g").ends == ids[0])
    }

    @Test("one client can't have everything: beyond its own limit it loses its own connections")
    func perClient() {
        var (table, ids) = Self.table(["other", "a", "a", "a"])
        #expect(table.open("a").ends == ids[1])
        for id in ids { _ = table.begin(id) }
        #expect(table.count == 4)
    }

    @Test(
        "when all are in use, the reserve accepts some, known to be beyond the limits; then there is no room"
    )
    func reserve() throws {
        var (table, ids) = Self.table(["a", "b", "c", "d"])
        for id in ids { table.begin(id) }
        let first = table.open("e")
        let second = table.open("f")
        #expect(first.ends == nil && second.ends == first.id)
        try table.begin(#require(second.id))
        let third = try #require(table.open("g").id)
        table.begin(third)
        #expect(table.isBeyondLimits(third))
        let refused = table.open("h")
        #expect(refused.id == nil && refused.ends == nil)
        table.isService(third)
        #expect(!table.isBeyondLimits(third))
        table.close(ids[0])
        table.close(ids[1])
        #expect(!table.isBeyondLimits(ids[2]))
    }

    @Test("its bounds hold in any sequence, and nothing in use is ever ended")
    func anySequence() {
        var random = SeededRandomSource("table of connections")
        for _ in 0..<200 {
            var table = ConnectionTable(limits: Self.limits)
            var busy: Set<ConnectionTable.ID> = []
            var open: [ConnectionTable.ID: String] = [:]
            var services: Set<ConnectionTable.ID> = []
            for _ in 0..<200 {
                let some = open.keys.sorted()
                let id = some.isEmpty ? 0 : some[random.upTo(some.count)]
                switch random.upTo(8) {
                case 0...3:
                    let client = ["a", "b", "c"][random.upTo(3)]
                    let (new, ends) = table.open(client)
                    if let ends {
                        #expect(!busy.contains(ends) && !services.contains(ends) && open[ends] != nil)
                        open[ends] = nil
                    }
                    if let new { open[new] = client } else { #expect(open.count == 6) }
                case 4:
                    let isThere = table.begin(id)
                    #expect(isThere == (open[id] != nil))
                    if open[id] != nil { busy.insert(id) }
                case 5:
                    table.end(id)
                    busy.remove(id)
                case 6:
                    table.close(id)
                    open[id] = nil
                    busy.remove(id)
                    services.remove(id)
                default:
                    guard open[id] != nil else { continue }
                    table.isService(id)
                    services.insert(id)
                }
                #expect(table.count == open.count && table.count <= 6)
                for client in ["a", "b", "c"] {
                    let idle = open.filter {
                        $0.value == client && !busy.contains($0.key) && !services.contains($0.key)
                    }
                    #expect(idle.count <= 4)
                }
            }
        }
    }

    @Test("with few descriptors most of them are for the service's own use")
    func fromDescriptors() {
        let few = ConnectionLimits(descriptors: 1024)
        #expect(few == ConnectionLimits(total: 420, perClient: 315, descriptors: 1024))
        #expect(few.total + few.reserve <= 1024 - 576)
        #expect(ConnectionLimits(descriptors: 1_048_576).total == ConnectionLimits.most)
        #expect(ConnectionLimits(total: 100, perClient: 1000).perClient == 75)
        #expect(ConnectionLimits(descriptors: 256).total > 80)
    }
}
