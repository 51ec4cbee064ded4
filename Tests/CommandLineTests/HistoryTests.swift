import Contracts
import Foundation
import TestSupport
import Testing

@testable import CommandLine

/// Each test has a correct story, then a wrong one, which exactly one judgement must find.
@Suite struct HistoryTests {
    private func broken(_ operations: [ClientOperation], _ orders: [OrderDocument]) -> [String: [String]] {
        History(operations: operations).report(orders).broken
    }

    private func order(
        _ id: String, _ status: OrderStatus = .confirmed, of customer: String = "k", total: Int? = 500
    )
        -> OrderDocument
    {
        .sample(id, status, customer: customer, total: total)
    }

    @Test(
        "an order that was answered and doesn't exist is lost",
        arguments: [OrderStatus.confirmed, .accepted, .placing])
    func missing(status: OrderStatus) {
        let operation = ClientOperation.sample("k", .told("o", status))
        #expect(broken([operation], [order("o")]).isEmpty)
        #expect(broken([operation], []) == ["lost": ["k"]])
    }

    @Test("an order whose customer, goods, coupon or total differ from the answer is lost")
    func changed() {
        let operation = ClientOperation.sample("k", .told("o", .accepted), .looked("o", .confirmed))
        #expect(broken([operation], [order("o")]).isEmpty)
        #expect(broken([operation], [order("o", of: "another")]) == ["lost": ["k"]])
        #expect(broken([operation], [order("o", total: 499)]) == ["lost": ["k"]])
        var goods = order("o")
        goods.items[0].quantity = 2
        #expect(broken([operation], [goods]) == ["lost": ["k"]])
        var coupon = order("o")
        coupon.couponCode = "SAVE"
        #expect(broken([operation], [coupon]) == ["lost": ["k"]])
    }

    @Test("an unknown total promises nothing, a known one is kept")
    func totals() {
        let placing = ClientOperation.sample("k", .told("o", .placing, total: nil), .looked("o", .confirmed))
        #expect(broken([placing], [order("o")]).isEmpty)
        let changed = ClientOperation.sample("k", .told("o", .accepted, total: 400), .looked("o", .confirmed))
        #expect(broken([changed], [order("o")]) == ["lost": ["k"]])
    }

    @Test("an order answered as confirmed is confirmed, and an accepted one is not rejected")
    func statuses() {
        let confirmed = ClientOperation.sample("k", .told("o", .confirmed))
        for status in [OrderStatus.placing, .accepted, .cancelled, .rejected] {
            #expect(broken([confirmed], [order("o", status)]) == ["lost": ["k"]])
        }
        let looked = ClientOperation.sample("k", .told("o", .accepted), .looked("o", .confirmed))
        #expect(broken([looked], [order("o", .cancelled)]) == ["lost": ["k"]])
        let accepted = ClientOperation.sample("k", .told("o", .accepted), outcome: .unresolved)
        #expect(broken([accepted], [order("o", .cancelled)]).isEmpty)
        #expect(broken([accepted], [order("o", .rejected)]) == ["lost": ["k"]])
        let placing = ClientOperation.sample("k", .told("o", .placing, total: nil), outcome: .unresolved)
        #expect(broken([placing], [order("o", .rejected)]).isEmpty)
    }

    @Test("if two keys got one order, the second has lost its own")
    func shared() {
        var second = ClientOperation.sample("second", .told("o", .confirmed))
        second.request.customerId = "k"
        #expect(broken([.sample("k", .told("o", .confirmed)), second], [order("o")]) == ["lost": ["second"]])
    }

    @Test("a key that got two orders is duplicated")
    func toldTwice() {
        let operation = ClientOperation.sample("k", .told("o", .accepted), .told("p", .confirmed))
        #expect(broken([operation], [order("o"), order("p")]) == ["duplicated": ["k"]])
        let refusal = ClientOperation.sample(
            "k", .problem(402, "payment-declined", id: "o"), outcome: .refused)
        #expect(broken([refusal], [order("o", .rejected)]).isEmpty)
    }

    @Test("a second order that no client knows is found by its customer and goods")
    func secondUnseen() {
        let operation = ClientOperation.sample("k", .unanswered, .told("o", .confirmed))
        #expect(broken([operation], [order("o"), order("p", .cancelled)]) == ["duplicated": ["k"]])
        let unseen = ClientOperation.sample("k", .unanswered, outcome: .unresolved)
        #expect(broken([unseen], [order("o"), order("p")]) == ["duplicated": ["k"]])
    }

    @Test("the records of failed requests are no second order")
    func rejectedRecords() {
        let operation = ClientOperation.sample(
            "k", .problem(503, "price-unavailable"), .unanswered, .told("o", .confirmed))
        #expect(broken([operation], [order("a", .rejected), order("b", .rejected), order("o")]).isEmpty)
    }

    @Test("a customer of a replay who buys the same goods twice has two orders, and no third")
    func replay() {
        var second = ClientOperation.sample("second", .unanswered, outcome: .unresolved)
        second.request.customerId = "k"
        let operations = [ClientOperation.sample("k", .told("o", .confirmed)), second]
        #expect(broken(operations, [order("o"), order("p")]).isEmpty)
        #expect(broken(operations, [order("o"), order("p"), order("q")])["duplicated"]?.count == 1)
        let refused = ClientOperation.sample("k", .problem(402, "payment-declined"), outcome: .refused)
        #expect(broken([refused, second], [order("p")]).isEmpty)
    }

    @Test("an order for goods that its customer never wanted is unexpected; others' orders are ignored")
    func strangers() {
        var stranger = order("p")
        stranger.items[0].sku = "B"
        let operation = ClientOperation.sample("k", .told("o", .confirmed))
        #expect(broken([operation], [order("o"), stranger]) == ["unexpected": ["p"]])
        #expect(broken([operation], [order("o"), order("p", of: "another")]).isEmpty)
    }

    @Test(
        "an order after a refusal is unexpected",
        arguments: [
            (402, "payment-declined"), (409, "out-of-stock"), (409, "total-exceeded"),
            (422, "coupon-refused"),
        ])
    func refused(status: Int, code: String) {
        let operation = ClientOperation.sample("k", .unanswered, .problem(status, code), outcome: .refused)
        #expect(broken([operation], [order("o", .rejected)]).isEmpty)
        #expect(broken([operation], [order("o", .confirmed)]) == ["unexpected": ["k"]])
    }

    @Test("an order whose client was only told that nothing was done is unexpected")
    func nothingDone() {
        let operation = ClientOperation.sample(
            "k", .unreachable, .problem(503, "overloaded"), .problem(503, "price-unavailable"),
            outcome: .unresolved)
        #expect(broken([operation], [order("o", .rejected)]).isEmpty)
        #expect(broken([operation], [order("o", .confirmed)]) == ["unexpected": ["k"]])
    }

    @Test(
        "after a request that is unanswered or still running an order is expected",
        arguments: [
            Attempt.unanswered, .problem(409, "request-in-progress"), .problem(503, "storage-failed"),
            .problem(500, "internal"),
        ])
    func unknown(attempt: Attempt) {
        let operation = ClientOperation.sample(
            "k", attempt, .problem(503, "overloaded"), outcome: .unresolved)
        #expect(broken([operation], [order("o", .confirmed)]).isEmpty)
        #expect(broken([.sample("k", outcome: nil)], [order("o", .confirmed)]).isEmpty)
    }

    @Test("an order that was answered as cancelled is not confirmed")
    func cancelled() {
        for attempt in [
            Attempt.told("o", .cancelled), .looked("o", .cancelled), .problem(409, "order-cancelled"),
        ] {
            let operation = ClientOperation.sample("k", attempt, outcome: .cancelled)
            #expect(broken([operation], [order("o", .cancelled)]).isEmpty)
            #expect(broken([operation], [order("o", .confirmed)]) == ["unexpected": ["k"]])
        }
    }

    @Test("unseen orders are counted: there, absent, or learned by asking again")
    func figures() {
        let operations = [
            ClientOperation.sample("there", .unanswered, outcome: .unresolved),
            .sample("running", .unanswered, outcome: .unresolved),
            .sample("absent", .unreachable, outcome: .unresolved),
            .sample("rejected", .unanswered, outcome: .unresolved),
            .sample("again", .unanswered, .told("a", .confirmed)), .sample("plain", .told("p", .confirmed)),
        ]
        let report = History(operations: operations).report([
            order("t", of: "there"), order("u", .accepted, of: "running"),
            order("r", .rejected, of: "rejected"),
            order("a", of: "again"), order("p", of: "plain"),
        ])
        #expect(report.ok)
        #expect(report.operations == 6 && report.attempts == 7 && report.retried == 1)
        #expect(report.recovered == 1 && report.absent == 2)
    }

    @Test("a written history is read back: the last line of a key counts, a torn last line doesn't")
    func file() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("from before\n", to: "history.jsonl")
        let file = try HistoryFile(path: path)
        var operation = ClientOperation.sample("k", outcome: nil)
        let other = ClientOperation.sample("other", .told("p", .confirmed))
        file.write(operation)
        file.write(other)
        operation.attempts.append(.told("o", .confirmed))
        operation.outcome = .confirmed
        file.write(operation)
        try file.close()
        #expect(try History.read(from: path).operations == [operation, other])
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(try History.parse(text + #"{"key":"torn"#, file: "f").operations.count == 2)
        #expect {
            try History.parse(text + "{}\n", file: "f")
        } throws: { ($0 as? Failure)?.message.hasPrefix("f line 4") == true }
        #expect(throws: Failure("f holds no operation")) { try History.parse("", file: "f") }
        #expect(throws: Failure("\(folder.path)/none can't be read")) {
            try History.read(from: "\(folder.path)/none")
        }
        #expect(throws: Failure("\(folder.path) can't be written")) { _ = try HistoryFile(path: folder.path) }
    }
}
