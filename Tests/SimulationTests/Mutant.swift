import TestSupport

/// A bug that a test plants into the simulated shells, disk, queue or neighbours, to see that the simulation finds it.
enum Mutant: String, CaseIterable, Sendable {
    // The order service.
    case forgetsTheRecoveryMessage
    case commitsMessagesAfterTheOrder
    case takesAnUnknownCaptureForDeclined
    case freesTheKeyOfWhatMayBeDone
    case givesUpWithoutUndoing
    case ignoresTheVersion
    case chargesWithoutReservation
    case worksTwiceOnOneOrder
    case forgetsToReleaseAfterADecline
    case forgetsToVoidWhenCancelled
    case keepsTheCouponDecisionInMemory
    case forgetsPromises
    case refundsWithAFreshKey
    case keepsTheRedemptionOfASkippedCoupon
    case estimatesBeyondTheLimit
    case estimatesWhatMayNotBe
    case forgetsToRecordEstimates
    case redeemsOutOfTurn
    case forgetsWhatALateCouponOwes
    case takesBackWhatWasEstimated
    case forgetsThatTheCustomerWasTold
    // The queue.
    case dropsWhatIsUnavailable
    case deliversInAnyOrder
    case countsAnOutageAsRefusal
    // The neighbours.
    case paymentForgetsVoids
    case paymentCapturesTwice
    case inventoryForgetsReleases
    case inventoryOversells
    case couponForgetsReleases
    case couponForgetsLimits
    case couponForgetsThatItForgot
    case notificationHasNoInbox

    /// Those of which order's own records know nothing.
    var ofNeighbours: Bool {
        switch self {
        case .paymentForgetsVoids, .paymentCapturesTwice, .inventoryForgetsReleases, .inventoryOversells,
            .couponForgetsReleases, .couponForgetsLimits, .couponForgetsThatItForgot, .notificationHasNoInbox:
            true
        default: false
        }
    }

    /// Those that the queue's model knows itself.
    var ofQueue: QueueModel.Mutant? {
        switch self {
        case .dropsWhatIsUnavailable: .dropsOnUnavailable
        case .countsAnOutageAsRefusal: .buriesOnUnavailable
        default: nil
        }
    }

    /// The properties of which it must break one first.
    var breaks: Set<Property> {
        switch self {
        case .forgetsTheRecoveryMessage: [.terminal]
        case .commitsMessagesAfterTheOrder: [.stock, .told, .paid, .coupons, .repaired, .terminal, .toldInOrder]
        case .takesAnUnknownCaptureForDeclined: [.paid]
        case .freesTheKeyOfWhatMayBeDone: [.oneOrderAKey]
        case .givesUpWithoutUndoing: [.stock, .coupons]
        case .ignoresTheVersion: [.legalWay]
        case .chargesWithoutReservation: [.reservedFirst, .oneAmount]
        case .worksTwiceOnOneOrder: [.clientTold, .stock, .coupons, .paid, .oneAmount]
        case .forgetsToReleaseAfterADecline: [.stock, .coupons]
        case .forgetsToVoidWhenCancelled: [.paid]
        case .keepsTheCouponDecisionInMemory: [.oneAmount, .paid, .couponWorth]
        case .forgetsPromises: [.promised]
        case .refundsWithAFreshKey: [.paid, .refundedOnce, .told, .noDeadLetters]
        case .keepsTheRedemptionOfASkippedCoupon: [.couponWorth]
        case .estimatesBeyondTheLimit: [.estimatedWithinLimits, .couponRule, .couponPromise]
        case .estimatesWhatMayNotBe: [.estimatedOffline]
        case .forgetsToRecordEstimates, .forgetsWhatALateCouponOwes, .forgetsThatTheCustomerWasTold: [.repaired]
        case .redeemsOutOfTurn: [.couponRule, .couponPromise, .estimatedWithinLimits]
        case .takesBackWhatWasEstimated: [.legalWay]
        case .dropsWhatIsUnavailable: [.terminal, .stock, .told, .paid, .coupons, .repaired, .toldInOrder]
        case .deliversInAnyOrder: [.toldInOrder]
        case .countsAnOutageAsRefusal: [.noDeadLetters, .terminal, .stock, .coupons, .told, .paid, .repaired, .toldInOrder]
        case .paymentForgetsVoids: [.tombstone]
        case .paymentCapturesTwice: [.capturedOnce]
        case .inventoryForgetsReleases: [.tombstone]
        case .inventoryOversells: [.neverOversold]
        case .couponForgetsReleases: [.tombstone]
        case .couponForgetsLimits: [.withinLimits]
        case .couponForgetsThatItForgot: [.coupons, .couponRule, .couponPromise, .withinLimits, .couponWorth]
        case .notificationHasNoInbox: [.toldOnce]
        }
    }
}
