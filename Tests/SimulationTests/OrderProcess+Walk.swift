import Contracts
import ServingPath

@testable import OrderService

/// The walk along the critical path, as `Purchase` takes it: each step that the production's `Saga` asks for.
extension OrderProcess {
    struct Walked {
        var order: Order
        var ending: Saga.Ending
        var lastKnownStock: [String: Int]
    }

    /// - Parameter deadline: the customer's; nil when none waits.
    func walk(_ order: Order, until deadline: Int64?, then: @escaping (Result<Walked, any Error>) -> Void) {
        step(Saga(order, isCustomerWaiting: deadline != nil), deadline, then)
    }

    private func step(_ saga: Saga, _ deadline: Int64?, _ then: @escaping (Result<Walked, any Error>) -> Void) {
        switch saga.next {
        case .reserve: reserve(saga, deadline) { [self] in step($0, deadline, then) }
        case .estimate:
            var saga = saga
            saga.estimated(shop.catalogue.products(saga.order, &world.dice), at: wall)
            step(saga, deadline, then)
        case .redeem(let code): decideCoupon(saga, code, deadline, then)
        case .estimateDiscount, .saveEstimate, .save:
            decided(saga) { [self] result in
                switch result {
                case .success(let saga): step(saga, deadline, then)
                case .failure(let error): then(.failure(error))
                }
            }
        case .charge(let amount): charge(saga, amount, deadline) { [self] in step($0, deadline, then) }
        case .end(let ending):
            shop.trace.note(saga.order.id, "walked: \(ending)")
            then(.success(Walked(order: saga.order, ending: ending, lastKnownStock: saga.lastKnownStock)))
        }
    }

    private func reserve(_ saga: Saga, _ deadline: Int64?, _ then: @escaping (Saga) -> Void) {
        let order = saga.order
        ask(
            shop.inventory, .reserve(orderId: order.id, order.request.items), order.id, deadline, most: 500,
            refusals: ["out-of-stock", "voided"]
        ) { [self] result in
            var saga = saga
            switch result {
            case .success(.reservation(let reservation)):
                if !saga.order.isPriced || saga.order.hasUnverifiedStock { shop.catalogue.reserved(reservation) }
                saga.reserved(reservation, at: wall)
            case .success: saga.notReserved(.unavailable(.invalidAnswer), at: wall)
            case .failure(let failure):
                if mutant == .chargesWithoutReservation, case .unavailable = failure {
                    saga.reserved(shop.catalogue.imagined(order), at: wall)
                } else {
                    saga.notReserved(failure, at: wall)
                }
            }
            then(saga)
        }
    }

    /// The decision is on disk before the turn ends.
    private func decideCoupon(
        _ saga: Saga, _ code: String, _ deadline: Int64?, _ then: @escaping (Result<Walked, any Error>) -> Void
    ) {
        takeTurn(saga.order, code, until: deadline.map { (world.now + $0) / 2 }) { [self] end in
            redeemInTurn(saga.order, code, deadline) { [self] served in
                var saga = saga
                saga.redeemed(served, at: wall)
                decided(saga) { [self] result in
                    end()
                    switch result {
                    case .success(let saga): step(saga, deadline, then)
                    case .failure(let error): then(.failure(error))
                    }
                }
            }
        } late: { [self] in
            redeemOutOfTurn(saga.order, code, deadline) { [self] served in
                var saga = saga
                saga.redeemed(served, at: wall)
                saga.estimatedDiscount(by: nil, at: wall)
                step(saga, deadline, then)
            }
        }
    }

    /// Takes the steps that lead to a decision, and to the disk.
    private func decided(_ saga: Saga, _ then: @escaping (Result<Saga, any Error>) -> Void) {
        var saga = saga
        switch saga.next {
        case .estimateDiscount(let code):
            saga.estimatedDiscount(by: shop.rules.lookup(code, &world.dice, mutant), at: wall)
            decided(saga, then)
        case .saveEstimate(let estimated, let limit):
            save(estimated, within: limit) { [self] result in
                switch result {
                case .success(let order):
                    saga.savedEstimate(as: order)
                    decided(saga, then)
                case .failure(let error): then(.failure(error))
                }
            }
        case .save:
            if mutant == .keepsTheCouponDecisionInMemory {
                saga.saved(as: saga.order)
                return then(.success(saga))
            }
            save(saga.order) { result in
                then(
                    result.map { order in
                        saga.saved(as: order)
                        return saga
                    })
            }
        case .reserve, .estimate, .redeem, .charge, .end: then(.success(saga))
        }
    }

    /// As `CouponNeighbour` answers: never a failure.
    func redeem(
        _ order: Order, _ code: String, _ deadline: Int64?, _ then: @escaping (Served<CouponNeighbour.Redeeming>) -> Void
    ) {
        let request = RedemptionRequest(
            orderId: order.id, customerId: order.request.customerId, code: code, at: order.document.createdAt,
            items: order.pricedItems)
        ask(
            shop.coupon, .redeem(request), order.id, deadline, most: 200,
            refusals: ["coupon-refused", "coupon-used", "contents-differ", "voided"]
        ) { result in
            switch result {
            case .success(.redemption(let redemption)): then(.live(.redeemed(discount: redemption.discount)))
            case .success: then(.absent(reason: .invalidAnswer))
            case .failure(.refused(let problem)): then(.live(problem.code == "voided" ? .voided : .refused(problem)))
            case .failure(.unavailable(let reason)): then(.absent(reason: reason))
            }
        }
    }

    private func charge(_ saga: Saga, _ amount: Int, _ deadline: Int64?, _ then: @escaping (Saga) -> Void) {
        let order = saga.order
        let request = PaymentRequest(
            orderId: order.id, customerId: order.request.customerId, amount: amount, currency: order.document.currency,
            token: order.request.payment?.token ?? "")
        ask(shop.payment, .capture(request), order.id, deadline, most: 1000, refusals: ["payment-declined", "voided"]) {
            [self] result in
            var saga = saga
            switch result {
            case .success(.payment(let payment)) where payment.amount == amount: saga.charged(payment, at: wall)
            case .success: saga.notCharged(.unavailable(.invalidAnswer), at: wall)
            case .failure(.unavailable(let reason))
            where mutant == .takesAnUnknownCaptureForDeclined && reason.mayHaveBeenDone:
                let declined = ProblemDocument(
                    status: 402, code: "payment-declined", title: "", detail: "", reason: reason.code)
                saga.notCharged(.refused(declined), at: wall)
            case .failure(let failure): saga.notCharged(failure, at: wall)
            }
            then(saga)
        }
    }

    /// A neighbour's answer as its client here understands it: a refusal that isn't among those it knows is no answer.
    /// - Parameter most: how long the dependency is waited for at most; twice that where no customer waits.
    func ask(
        _ neighbour: Neighbour, _ request: Request, _ orderId: String, _ deadline: Int64? = nil, most: Int64 = 1000,
        refusals: Set<String> = [], then: @escaping (Result<Answer, DependencyFailure<ProblemDocument>>) -> Void
    ) {
        let patience = deadline.map { min(most, $0 - world.now) } ?? 2000
        shop.trace.note(orderId, "order \(owner) asks \(neighbour.name): \(request)")
        shop.network.call(neighbour, request, about: orderId, from: host, patience: patience) { [self] reply in
            if neighbour === shop.coupon, case .answer = reply { heard(epoch: neighbour.epoch) }
            switch reply {
            case .answer(.refused(let code, let reason)) where refusals.contains(code):
                let problem = ProblemDocument(
                    status: code == "payment-declined" ? 402 : 409, code: code, title: code, detail: code, reason: reason)
                then(.failure(.refused(problem)))
            case .answer(.refused): then(.failure(.unavailable(.invalidAnswer)))
            case .answer(let answer): then(.success(answer))
            case .unavailable(let reason): then(.failure(.unavailable(reason)))
            }
        }
    }
}
