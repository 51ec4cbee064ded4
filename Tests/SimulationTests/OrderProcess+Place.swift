import Contracts
import ServingPath

@testable import OrderService

/// `PlaceOrder` and `CancelOrder`.
extension OrderProcess {
    /// What a client is told.
    enum Reply {
        case order(OrderStatus, id: String, total: Int?)
        case problem(Int, String, orderId: String?)
    }

    func place(_ request: OrderRequest, key: String, reply: @escaping (Reply) -> Void) {
        let deadline = world.now + Self.budget
        let order = Order(id: shop.nextOrderId(), request: request, at: wall)
        _ = hands.begin(order.id)
        newcomers.insert(order.id)
        let end = { [self] (answer: Reply) in
            newcomers.remove(order.id)
            outOfTurn.remove(order.id)
            hands.end(order.id)
            shop.trace.note(order.id, "answered \(key): \(answer)")
            reply(answer)
        }
        transact { [mutant] disk in
            let placed = disk.insert(order, key: key)
            if case .new = placed, mutant != .forgetsTheRecoveryMessage {
                disk.add(.finishOrder, order.id, delay: Self.resumeAfter)
            }
            return placed
        } then: { [self] result in
            switch result {
            case .failure: end(.problem(503, "storage-full", orderId: nil))
            case .success(.existing(let existing)): replay(existing, end)
            case .success(.new):
                walk(order, until: deadline) { [self] result in
                    switch result {
                    case .success(let walked): self.end(walked, end)
                    case .failure(let error): end(failed(order, error))
                    }
                }
            }
        }
    }

    private func failed(_ order: Order, _ error: any Error) -> Reply {
        error is OrderChanged
            ? .problem(409, "order-cancelled", orderId: order.id) : .order(.placing, id: order.id, total: nil)
    }

    private func end(_ walked: Walked, _ reply: @escaping (Reply) -> Void) {
        let order = walked.order
        switch walked.ending {
        case .paid: conclude(order, reply) { try $0.confirmed(order) }
        case .paymentUnavailable(let reason):
            if mutant == .freesTheKeyOfWhatMayBeDone {
                return giveUp(order, "payment-unavailable", undoing: .everything, reply)
            }
            conclude(order, reply) { try $0.accepted(order, lacking: .payment(reason)) }
        case .inventoryUnavailable(let reason): promise(order, within: walked.lastKnownStock, reason, reply)
        case .refused(let refusal): refuse(order, refusal, reply)
        case .priceUnavailable(let reason):
            let undoing: Endings.Undoing = reason.mayHaveBeenDone ? .reservation : .nothing
            giveUp(order, "price-unavailable", undoing: undoing, reply)
        case .couponUnavailable: giveUp(order, "coupon-unavailable", undoing: .reservation, reply)
        case .voided:
            conclude(order, reply, as: .problem(409, "order-cancelled", orderId: order.id)) {
                try $0.cancelled(order, why: "it was undone while it was being placed")
            }
        }
    }

    /// - Parameter answer: nil: the order, as it was concluded.
    private func conclude(
        _ order: Order, _ reply: @escaping (Reply) -> Void, as answer: Reply? = nil, _ decide: (Endings) throws -> Conclusion
    ) {
        do {
            let conclusion = try decide(endings)
            let document = conclusion.order.document
            conclude(conclusion) { [self] result in
                switch result {
                case .success: reply(answer ?? .order(document.status, id: document.id, total: document.total))
                case .failure(let error): reply(failed(order, error))
                }
            }
        } catch {
            reply(failed(order, error))
        }
    }

    private func promise(
        _ order: Order, within known: [String: Int], _ reason: Unavailability, _ reply: @escaping (Reply) -> Void
    ) {
        transact { [endings, margin = Shop.stockMargin, judge = shop.judge] disk -> [ShortSKU] in
            let conclusion = try endings.accepted(order, lacking: .inventory(reason))
            let short = disk.uncovered(conclusion.order, known: known, margin: margin)
            guard short.isEmpty else { return short }
            try disk.commit(conclusion)
            for line in order.document.items {
                let available = known[line.sku] ?? 0
                let free = available - (available * margin + 99) / 100
                judge.promised(order.id, line.sku, disk.promised(line.sku), free: free)
            }
            return []
        } then: { [self] result in
            switch result {
            case .success(let short) where short.isEmpty:
                reply(.order(.accepted, id: order.id, total: order.document.total))
            case .success(let short): refuse(order, .outOfStock(short), reply)
            case .failure(let error): reply(failed(order, error))
            }
        }
    }

    private func refuse(_ order: Order, _ refusal: ProblemDocument, _ reply: @escaping (Reply) -> Void) {
        conclude(order, reply, as: .problem(refusal.status, refusal.code, orderId: order.id)) {
            try $0.rejected(order, refusal, undoing: .reservation)
        }
    }

    private func giveUp(_ order: Order, _ code: String, undoing: Endings.Undoing, _ reply: @escaping (Reply) -> Void) {
        let problem = ProblemDocument(status: 503, code: code, title: code, detail: code)
        let undoing = mutant == .givesUpWithoutUndoing ? .nothing : undoing
        conclude(order, reply, as: .problem(503, code, orderId: nil)) {
            try $0.givenUp(order, problem, undoing: undoing)
        }
    }

    private func replay(_ found: Order, _ reply: @escaping (Reply) -> Void) {
        guard found.status == .placing else { return replayed(found, reply) }
        guard !hands.contains(found.id) || mutant == .worksTwiceOnOneOrder else {
            return reply(.problem(409, "request-in-progress", orderId: nil))
        }
        read {
            $0.order(found.id) ?? found
        } then: { [self] order in
            guard order.status == .placing else { return replayed(order, reply) }
            transact {
                $0.hasten(.finishOrder, order.id)
            } then: { [self] _ in
                replayed(order, reply)
            }
        }
    }

    private func replayed(_ order: Order, _ reply: @escaping (Reply) -> Void) {
        if order.status == .rejected, let refusal = order.progress.refusal {
            guard refusal.status != 503 else { return reply(.problem(409, "request-in-progress", orderId: nil)) }
            return reply(.problem(refusal.status, refusal.code, orderId: order.id))
        }
        reply(.order(order.status, id: order.id, total: order.document.total))
    }

    /// By the key, as one who finds the order in the list of the customer's.
    func cancel(key: String) {
        transact { [endings] disk in
            guard let id = disk.byKey[key], let order = disk.order(id) else { return }
            guard order.status == .placing || order.status == .accepted else { return }
            try disk.commit(endings.cancelled(order, why: "cancelled by the customer"))
        } then: { _ in
        }
    }
}
