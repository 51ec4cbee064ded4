import Contracts

/// Which operation of a history each order of the services belongs to: the one that was told its id, else one
/// of the same customer for the same goods.
///
/// Random baskets have a customer each, so that there is no choice; a replay's customer may buy the same
/// twice, and what could be either's is given to the one that may have an order it knows nothing of.
struct Attribution {
    /// By the operation's position in the history.
    private(set) var orders: [[OrderDocument]]
    /// Of the history's customers, but for goods that none of them asked for.
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

/// What was bought, however it was written down.
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
    /// Not rejected: a rejected order is the mere record of a request that came to nothing, and a key may
    /// have many.
    var isSale: Bool { status != .rejected }
}
