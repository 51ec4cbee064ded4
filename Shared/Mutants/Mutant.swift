#if DEBUG
    import Foundation
#endif

/// A bug that the simulator plants into the services' own code, to see that it finds it: `CSP_MUTANT=NAME`.
/// At most one at a time, and none in a release build.
public enum Mutant: String, CaseIterable, Sendable {
    // The order service.
    case forgetsTheRecoveryMessage
    case commitsMessagesAfterTheOrder
    case takesAnUnknownCaptureForDeclined
    case freesTheKeyOfWhatMayBeDone
    case givesUpWithoutUndoing
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
    case forgetsToTellOfACancellation
    case confirmsWhatWasNotPaid
    case forgetsToCommitStock
    case redeemsBeforeReleasing
    case forgetsWhatIsToBeReleased
    case countsLostDiscountsAsUses
    case tellsCouponNothing
    case demandsATokenForNothing
    case comparesRequestsLiterally
    case quotesWithoutProblems
    case quotesUsedUpCoupons
    case sendsReasonsOfAnyLength
    case forgetsRefunds
    case forgetsToTellOfRefunds
    case tellsOfRefundsTooEarly
    case repeatsRefundsThatExceed
    case leavesWhatCannotBeDelivered
    case servesBeforePricesAreKept
    // The queue.
    case dropsWhatIsUnavailable
    case deliversInAnyOrder
    case countsAnOutageAsRefusal
    // The other services.
    case paymentForgetsVoids
    case paymentCapturesTwice
    case paymentVoidsWithoutRefund
    case paymentMixesCurrencies
    case inventoryForgetsReleases
    case inventoryOversells
    case inventoryKeepsWhatIsReleased
    case inventoryTakesBackTwice
    case inventoryHasNoGrace
    case inventoryStopsAtAnUnreadableRow
    case inventoryRepricesReservations
    case couponForgetsReleases
    case couponForgetsLimits
    case couponForgetsThatItForgot
    case couponKeepsWhatOrderForgot
    case notificationHasNoInbox
    // What all services share.
    case startsWhateverWasLost
    case keepsEverySpelling

    /// Whether the bug is planted. Always false in a release build. Public, since only then can it be inlined
    /// into other modules, where the compiler removes what it guards.
    @inlinable
    @inline(__always)
    public static func isOn(_ mutant: Mutant) -> Bool {
        #if DEBUG
            current == mutant
        #else
            false
        #endif
    }

    #if DEBUG
        @usableFromInline static let current = ProcessInfo.processInfo.environment["CSP_MUTANT"].flatMap(
            Mutant.init)
    #endif
}
