import Contracts

/// Assigns each order of the services to an operation of a history: to the one that was told its id, else to
/// one of the same customer for the same goods.
///
/// Each random basket has a customer of its own, so the match is unique. In a replay a customer may buy the
/// same goods twice; then the operation that may have an unknown order gets it.
struct Attribution {
    /// The orders of each operation, by its position in the history.
    private(set) var orders: [[OrderDocument]]
    /// Orders of the history's customers for goods that none of them asked for.
    private(set) var strangers: [OrderDocument] = []

    private struct Want: Hashable {
        var customer: String
        var goods: Goods
    }

    init(_ history: History, _ documents: [OrderDocument]) {
        let operations = history.operations
        orders = operations.map { _ in [] }
        let told = History.firstTold(operations)
        let wants = Dictionary(grouping: operations.indices) {
            Want(customer: operations[$0].request.customerId, goods: Goods(operations[$0].request))
        }
        let customers = Set(operations.map(\.request.customerId))
        for document in documents {
            if let operation = told[document.id] { orders[operation].append(document) }
        }
        for document in documents where told[document.id] == nil && customers.contains(document.customerId) {
            let candidates = wants[Want(customer: document.customerId, goods: Goods(document))] ?? []
            let free = candidates.first {
                operations[$0].mayHaveMore && !orders[$0].contains(where: \.isSale)
            }
            if let operation = free ?? candidates.first {
                orders[operation].append(document)
            } else {
                strangers.append(document)
            }
        }
    }
}

extension History {
    /// The operation that was told an order's id, the first one if there are several.
    static func firstTold(_ operations: [ClientOperation]) -> [String: Int] {
        var told: [String: Int] = [:]
        for (index, operation) in operations.enumerated() {
            for id in operation.attempts.compactMap(\.orderId) where told[id] == nil { told[id] = index }
        }
        return told
    }
}

/// What was bought, regardless of the order of the lines.
struct Goods: Hashable {
    private var quantities: [String: Int]
    private var couponCode: String?

    init(_ request: OrderRequest) {
        quantities = Dictionary(request.items.map { ($0.sku, $0.quantity) }, uniquingKeysWith: +)
        couponCode = request.couponCode
    }

    init(_ order: OrderDocument) {
        quantities = Dictionary(order.items.map { ($0.sku, $0.quantity) }, uniquingKeysWith: +)
        couponCode = order.couponCode
    }
}

extension OrderDocument {
    /// False for a rejected order: it only records a failed request, and one key may have many.
    var isSale: Bool { status != .rejected }
}
