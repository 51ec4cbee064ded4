import Contracts

@testable import OrderService

/// Captures once an order, keeps what it declined, and leaves a tombstone where there was nothing to void.
final class PaymentModel: Neighbour {
    private(set) var payments: [String: Payment] = [:]
    private(set) var cash = 0
    private var declined: Set<String> = []
    private var refundKeys: Set<String> = []

    override func handle(_ request: Request) -> Answer {
        switch request {
        case .capture(let request): capture(request)
        case .void(let orderId): void(orderId)
        case .refund(let paymentId, let amount, let key): refund(paymentId, amount, key: key)
        default: super.handle(request)
        }
    }

    private func capture(_ request: PaymentRequest) -> Answer {
        let orderId = request.orderId
        judge.asked(orderId, request.amount)
        if payments[orderId]?.status == .voided { return .refused("voided") }
        if declined.contains(orderId) { return .refused("payment-declined", reason: "declined") }
        if let payment = payments[orderId], mutant != .paymentCapturesTwice {
            return payment.amount == request.amount ? .payment(payment) : .refused("contents-differ")
        }
        guard request.token == "tok_ok" else {
            declined.insert(orderId)
            return .refused("payment-declined", reason: "declined")
        }
        let payment = Payment(
            id: "pay_\(orderId)", orderId: orderId, customerId: request.customerId, status: .captured, amount: request.amount,
            currency: request.currency, refunded: 0, refunds: [], createdAt: Timestamp(milliseconds: 0))
        payments[orderId] = payment
        cash += request.amount
        judge.captured(orderId, request.amount)
        return .payment(payment)
    }

    private func void(_ orderId: String) -> Answer {
        if let payment = payments[orderId], payment.status == .captured {
            book(orderId, payment.amount - payment.refunded, isRepair: false)
            payments[orderId]?.status = .voided
        } else if payments[orderId] == nil, mutant != .paymentForgetsVoids {
            payments[orderId] = Payment(
                id: "pay_\(orderId)", orderId: orderId, customerId: "", status: .voided, amount: 0, currency: "", refunded: 0,
                refunds: [], createdAt: Timestamp(milliseconds: 0))
        }
        judge.voided(orderId)
        return payments[orderId].map { .payment($0) } ?? .done
    }

    private func refund(_ paymentId: String, _ amount: Int, key: String) -> Answer {
        guard let payment = payments.values.first(where: { $0.id == paymentId }), payment.amount > 0 else {
            return .refused("not-found")
        }
        if refundKeys.contains(key) { return .payment(payment) }
        guard payment.status == .captured else { return .refused("voided") }
        guard amount <= payment.amount - payment.refunded else { return .refused("refund-exceeds-capture") }
        refundKeys.insert(key)
        book(payment.orderId, amount, isRepair: true)
        return payments[payment.orderId].map { .payment($0) } ?? .done
    }

    private func book(_ orderId: String, _ amount: Int, isRepair: Bool) {
        guard amount > 0 else { return }
        payments[orderId]?.refunded += amount
        payments[orderId]?.refunds.append(
            Refund(id: "ref_\(orderId)", amount: amount, reason: "", at: Timestamp(milliseconds: 0)))
        cash -= amount
        judge.refunded(orderId, amount, isRepair: isRepair)
    }
}
