import Contracts
import Mutants

extension Order {
    /// Whether a bug that the simulator plants loses this message.
    func forgets(_ message: OrderMessage) -> Bool {
        switch message {
        case .releaseReservation:
            Mutant.isOn(.forgetsToReleaseAfterADecline) && progress.refusal?.status == 402
        case .voidPayment: Mutant.isOn(.forgetsToVoidWhenCancelled) && status == .cancelled
        case .repairCoupon: Mutant.isOn(.forgetsToRecordEstimates) && progress.couponDecision == .estimated
        case .releaseRedemption: Mutant.isOn(.keepsTheRedemptionOfASkippedCoupon) && status == .confirmed
        case .notifyCancelled: Mutant.isOn(.forgetsToTellOfACancellation)
        case .commitReservation: Mutant.isOn(.forgetsToCommitStock) && document.degradations.isEmpty
        default: false
        }
    }
}

extension OrderMessage {
    /// The same of a message of whatever order.
    var isForgotten: Bool {
        switch self {
        case .refundOrder: Mutant.isOn(.forgetsRefunds)
        case .notifyRefunded: Mutant.isOn(.forgetsToTellOfRefunds)
        default: false
        }
    }
}
