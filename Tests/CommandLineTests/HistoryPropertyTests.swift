import Contracts
import TestSupport
import Testing

@testable import CommandLine

/// Random correct histories, then the same with one lie.
@Suite struct HistoryPropertyTests {
    @Test("no correct random history is accused, and unseen orders are counted")
    func consistent() {
        var random = SeededRandomSource("histories in order")
        for _ in 0..<300 {
            let story = RandomStory(&random)
            let report = story.report
            #expect(report.broken.isEmpty, "\(report.judgements)")
            #expect(report.recovered == story.recovered && report.absent == story.absent)
        }
    }

    @Test("one lie in a random history is found by its own judgement alone, with the key", arguments: Lie.all)
    func lies(lie: Lie) {
        var random = SeededRandomSource("histories with a lie: \(lie)")
        for _ in 0..<100 {
            var story = RandomStory(&random)
            guard let key = lie.tell(in: &story, &random) else { continue }
            let broken = story.report.broken
            #expect(broken == [lie.judgement: [key]], "\(broken) \(key)")
        }
    }
}

/// Operations and matching orders of the services.
struct RandomStory {
    /// What a client saw last.
    enum Life: CaseIterable { case confirmed, followed, cancelled, refused, turnedAway, unseen }

    struct Chapter {
        var life: Life
        var operation: ClientOperation
        var order: OrderDocument?
        /// Shares its customer and goods with another.
        var isTwin = false
    }

    var chapters: [Chapter] = []
    /// Records of failed requests, and orders of other customers.
    var others: [OrderDocument] = []

    var report: HistoryReport {
        History(operations: chapters.map(\.operation)).report(chapters.compactMap(\.order) + others)
    }

    private var unseen: [OrderDocument?] {
        chapters.filter { $0.life == .unseen || $0.life == .turnedAway }.map(\.order)
    }
    var recovered: Int { unseen.count { $0?.status == .confirmed || $0?.status == .cancelled } }
    var absent: Int { unseen.count { $0 == nil || $0?.status == .rejected } }

    init(_ random: inout SeededRandomSource) {
        for number in 0..<(1 + random.upTo(30)) {
            let life = Life.allCases[random.upTo(Life.allCases.count)]
            let request = OrderRequest(
                customerId: "customer-\(number)",
                items: [ItemQuantity(sku: ["A", "B"][random.upTo(2)], quantity: 1 + random.upTo(3))],
                couponCode: random.upTo(3) == 0 ? "SAVE" : nil)
            write("\(number)", life, request, &random)
            if random.upTo(5) == 0, life == .confirmed || life == .unseen {
                chapters[chapters.count - 1].isTwin = true
                write("\(number)-again", random.upTo(2) == 0 ? .confirmed : .unseen, request, &random)
                chapters[chapters.count - 1].isTwin = true
            }
        }
        others.append(.sample("ord-other", .confirmed, customer: "other"))
    }

    private mutating func write(
        _ key: String, _ life: Life, _ request: OrderRequest, _ random: inout SeededRandomSource
    ) {
        let id = "ord-\(key)"
        var operation = ClientOperation(key: key, request: request)
        var status: OrderStatus?
        operation.attempts = Self.vainAttempts(&random, clearly: life == .turnedAway)
        for index in operation.attempts.indices where random.upTo(2) == 0 {
            others.append(Self.order("\(id)-vain-\(index)", .rejected, request))
        }
        switch life {
        case .confirmed:
            operation.attempts.append(.told(id, .confirmed))
            (status, operation.outcome) = (.confirmed, .confirmed)
        case .followed:
            let isPriced = random.upTo(2) == 0
            operation.attempts.append(.told(id, isPriced ? .accepted : .placing, total: isPriced ? 500 : nil))
            operation.attempts.append(.looked(id, .confirmed))
            (status, operation.outcome) = (.confirmed, .confirmed)
        case .cancelled:
            operation.attempts += [
                .told(id, .accepted), random.upTo(2) == 0 ? .told(id, .cancelled) : .looked(id, .cancelled),
            ]
            (status, operation.outcome) = (.cancelled, .cancelled)
        case .refused:
            operation.attempts.append(.problem(402, "payment-declined", id: random.upTo(2) == 0 ? id : nil))
            (status, operation.outcome) = (.rejected, .refused)
        case .turnedAway:
            operation.outcome = .unresolved
        case .unseen:
            operation.attempts.append(.unanswered)
            status = [nil, .confirmed, .cancelled, .rejected][random.upTo(4)]
            operation.outcome = random.upTo(2) == 0 ? .unresolved : nil
        }
        chapters.append(
            Chapter(life: life, operation: operation, order: status.map { Self.order(id, $0, request) }))
    }

    private static func vainAttempts(_ random: inout SeededRandomSource, clearly: Bool) -> [Attempt] {
        let clear: [Attempt] = [
            .unreachable, .problem(503, "overloaded"), .problem(503, "price-unavailable"),
        ]
        let possible = clearly ? clear : clear + [.unanswered, .problem(409, "request-in-progress")]
        return (0..<random.upTo(4)).map { _ in possible[random.upTo(possible.count)] }
    }

    static func order(_ id: String, _ status: OrderStatus, _ request: OrderRequest) -> OrderDocument {
        var order = OrderDocument.sample(id, status, customer: request.customerId)
        order.items = request.items.map {
            OrderLine(sku: $0.sku, name: nil, quantity: $0.quantity, unitPrice: nil)
        }
        order.couponCode = request.couponCode
        return order
    }
}

/// One way of breaking a story.
struct Lie: CustomTestStringConvertible, Sendable {
    typealias Chapter = RandomStory.Chapter

    let testDescription: String
    let judgement: String
    let lives: [RandomStory.Life]
    /// Changes a chapter, and returns orders to add.
    let change: @Sendable (inout Chapter) -> [OrderDocument]
    /// The violation has the new order's id, not the key.
    var isOrders = false

    /// The key that the judgement has to name; nil if the story has no chapter for this lie.
    func tell(in story: inout RandomStory, _ random: inout SeededRandomSource) -> String? {
        let places = story.chapters.indices.filter {
            lives.contains(story.chapters[$0].life) && !story.chapters[$0].isTwin
        }
        guard !places.isEmpty else { return nil }
        let place = places[random.upTo(places.count)]
        let added = change(&story.chapters[place])
        story.others += added
        return isOrders ? added[0].id : story.chapters[place].operation.key
    }

    static let all: [Lie] = [
        Lie("the order is gone", "lost", [.confirmed, .followed, .cancelled]) { $0.order = nil },
        Lie("the order is another's", "lost", [.confirmed, .followed, .cancelled]) {
            $0.order?.customerId = "other"
        },
        Lie("the order is for more", "lost", [.confirmed, .followed, .cancelled]) {
            $0.order?.items[0].quantity += 1
        },
        Lie("the order has another coupon", "lost", [.confirmed, .followed]) {
            $0.order?.couponCode = "OTHER"
        },
        Lie("the total was raised", "lost", [.confirmed, .followed]) { $0.order?.total = 501 },
        Lie("a confirmed order was cancelled", "lost", [.confirmed, .followed]) {
            $0.order?.status = .cancelled
        },
        Lie("an accepted order was rejected", "lost", [.cancelled]) { $0.order?.status = .rejected },
        Lie(
            testDescription: "the services hold a second order", judgement: "duplicated",
            lives: [.confirmed, .followed, .cancelled],
            change: { chapter in chapter.order.map { [copy($0, "ord-second")] } ?? [] }),
        Lie(
            testDescription: "the key was told of a second order", judgement: "duplicated",
            lives: [.confirmed, .followed],
            change: { chapter in
                chapter.operation.attempts.append(.told("ord-second", .confirmed))
                return chapter.order.map { [copy($0, "ord-second")] } ?? []
            }),
        Lie("a refused order was confirmed", "unexpected", [.refused]) { $0.order?.status = .confirmed },
        Lie("a cancelled order was confirmed", "unexpected", [.cancelled]) { $0.order?.status = .confirmed },
        Lie("nothing was done, and it was", "unexpected", [.turnedAway]) {
            $0.order = RandomStory.order("ord-done", .confirmed, $0.operation.request)
        },
        Lie(
            testDescription: "an order without a request", judgement: "unexpected",
            lives: RandomStory.Life.allCases,
            change: { chapter in
                var order = RandomStory.order("ord-stranger", .confirmed, chapter.operation.request)
                order.items[0].sku = "Z"
                return [order]
            }, isOrders: true),
    ]

    private static func copy(_ order: OrderDocument, _ id: String) -> OrderDocument {
        var copy = order
        copy.id = id
        return copy
    }
}

extension Lie {
    init(
        _ description: String, _ judgement: String, _ lives: [RandomStory.Life],
        _ change: @escaping @Sendable (inout Chapter) -> Void
    ) {
        self.init(
            testDescription: description, judgement: judgement, lives: lives,
            change: {
                change(&$0)
                return []
            })
    }
}
