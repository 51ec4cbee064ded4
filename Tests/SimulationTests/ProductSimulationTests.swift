import Foundation
import Mutants
import TestSupport
import Testing

/// The five real services in one process whose time, randomness and task order the simulation controls: see
/// `Tests/Simulator`.
@Suite("Simulation of the product's own code")
struct ProductSimulationTests {
    private struct Outcome {
        var status: Int32
        var output: String

        /// The broken property, if any.
        var broken: String? { output.firstMatch(of: /CSP_SEED=[0-9]+: ([a-zA-Z]+):/).map { String($0.1) } }
        var steps: Int? { output.firstMatch(of: /steps ([0-9]+)/).flatMap { Int($0.1) } }
        var seed: UInt64? { output.firstMatch(of: /CSP_SEED=([0-9]+):/).flatMap { UInt64($0.1) } }
        var reached: Set<String> {
            Set(output.matches(of: /reached (.+)/).map { String($0.1) })
        }
    }

    private static let executable: String = {
        var url = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        // On some systems a helper of the toolchain runs the test bundle, whose path is then an argument.
        for argument in CommandLine.arguments where argument.hasSuffix(".xctest") {
            url = URL(filePath: argument).resolvingSymlinksInPath()
        }
        return url.deletingLastPathComponent().appending(path: "simulator").path
    }()

    private static func simulate(_ arguments: [String]) async throws -> Outcome {
        let scratch = try TemporaryFolder()
        let output = try scratch.write("", to: "out")
        let process = try ChildProcess(
            executable, arguments, environment: ["SWIFT_DETERMINISTIC_HASHING": "1"], output: output,
            errors: output)
        return Outcome(
            status: await process.end(), output: try String(contentsOfFile: output, encoding: .utf8))
    }

    /// Runs a seed that breaks a property again, to print what happened to the order.
    private static func story(_ outcome: Outcome) async throws -> String {
        guard let seed = outcome.seed else { return outcome.output }
        return try await simulate(["--seed", "\(seed)", "--steps", "1", "--trace"]).output
    }

    @Test("no property is broken in a million steps, in which every expected event occurs", arguments: 1...5)
    func sound(part: Int) async throws {
        var seed = SeededRandomSource("simulation \(part)").seed
        var steps = 0
        var reached: Set<String> = []
        // Rare events may need more steps.
        repeat {
            let outcome = try await Self.simulate(["--seed", "\(seed)", "--steps", "200000"])
            guard outcome.status == 0, let taken = outcome.steps else {
                Issue.record("\(try await Self.story(outcome))")
                return
            }
            steps += taken
            reached.formUnion(outcome.reached)
            seed &+= 10_000
        } while steps < 2_000_000 && !Self.expected.isSubset(of: reached)
        #expect(Self.expected.subtracting(reached) == [])
    }

    /// Timeline entries that must occur in some order, or the run proves nothing.
    private static let expected: Set<String> = [
        "place done", "reserve done", "reserve refused", "reserve degraded", "price degraded", "redeem done",
        "redeem refused",
        "redeem degraded", "charge done", "charge refused", "charge degraded", "accept done", "confirm done",
        "reject done",
        "discount degraded", "refund done", "void done", "cancel: cancelled by the customer",
        "cancel: it could not be finished in time", "repair: inventory: reserved", "repair: payment: charged",
        "repair: coupon: redeemed; N refunded", "repair: coupon: redeemed; nothing was owed",
        "repair: coupon: the coupon was refused: used up", "repair: coupon: moot: the order was cancelled",
        "repair: notification: delivered",
    ]

    @Test("the same seed does the same, step by step")
    func deterministic() async throws {
        let arguments = ["--seed", "7", "--steps", "30000"]
        let (one, other) = (try await Self.simulate(arguments), try await Self.simulate(arguments))
        #expect(one.status == 0 && one.output.contains("fingerprint"))
        #expect(
            one.output.replacing(/[0-9]+ steps\/s.*/, with: "")
                == other.output.replacing(/[0-9]+ steps\/s.*/, with: ""))
    }

    /// Two at a time: each hunt has its own process of a hundred megabytes.
    @Test("each planted bug is found, by one of its properties", arguments: 0...1)
    func found(half: Int) async throws {
        for (number, mutant) in Mutant.allCases.enumerated() where number % 2 == half {
            try await Self.hunt(mutant)
        }
    }

    /// Ten times what the rarest needs on average, so that a seed hardly ever misses one.
    private static let mostSteps = 4_000_000

    private static func hunt(_ mutant: Mutant) async throws {
        var seed = SeededRandomSource("\(mutant)").seed
        var steps = 0
        // A bug may break another property first.
        while steps < mostSteps {
            let outcome = try await Self.simulate(
                ["--seed", "\(seed)", "--steps", "\(mostSteps - steps)", "--mutant", mutant.rawValue])
            guard let broken = outcome.broken, let found = outcome.seed else {
                Issue.record("\(mutant) was not found: \(outcome.output)")
                return
            }
            steps += max(1, outcome.steps ?? 0)
            print("\(mutant): \(broken) after \(steps) steps")
            if mutant.breaks.contains(broken) { return }
            seed = found + 1
        }
        Issue.record("\(mutant) broke none of \(mutant.breaks.sorted()) in \(steps) steps")
    }
}

extension Mutant {
    /// The properties that it can break.
    var breaks: Set<String> {
        switch self {
        case .forgetsTheRecoveryMessage: ["decided"]
        case .commitsMessagesAfterTheOrder:
            [
                "stock", "told", "paid", "coupons", "couponWorth", "repaired", "decided", "terminal",
                "toldInOrder",
            ]
        case .takesAnUnknownCaptureForDeclined: ["paid"]
        case .freesTheKeyOfWhatMayBeDone: ["oneOrderAKey"]
        case .givesUpWithoutUndoing: ["stock", "coupons"]
        case .chargesWithoutReservation: ["reservedFirst"]
        case .worksTwiceOnOneOrder:
            ["clientTold", "stock", "coupons", "couponWorth", "paid", "oneAmount", "repaired", "told"]
        case .forgetsToReleaseAfterADecline: ["stock"]
        case .forgetsToVoidWhenCancelled: ["paid"]
        case .keepsTheCouponDecisionInMemory: ["oneAmount", "paid", "couponWorth", "clientTold"]
        case .forgetsPromises: ["promised"]
        case .refundsWithAFreshKey: ["paid", "refundedOnce", "told", "noDeadLetters"]
        case .keepsTheRedemptionOfASkippedCoupon: ["couponWorth"]
        case .estimatesBeyondTheLimit: ["estimatedWithinLimits", "couponRule", "couponPromise"]
        case .estimatesWhatMayNotBe: ["estimatedOffline"]
        case .forgetsToRecordEstimates, .forgetsWhatALateCouponOwes, .forgetsThatTheCustomerWasTold:
            ["repaired"]
        case .redeemsOutOfTurn: ["couponRule", "couponPromise", "couponFree", "estimatedWithinLimits"]
        case .takesBackWhatWasEstimated: ["legalWay"]
        case .forgetsToTellOfACancellation: ["told"]
        case .confirmsWhatWasNotPaid: ["paid", "repaired", "drained"]
        case .forgetsToCommitStock: ["stock"]
        case .redeemsBeforeReleasing, .forgetsWhatIsToBeReleased: ["couponFree", "couponPromise"]
        case .countsLostDiscountsAsUses: ["reconciled", "couponPromise", "couponRule", "withinLimits"]
        case .tellsCouponNothing: ["drained", "repaired", "decided"]
        case .demandsATokenForNothing: ["nothingToPay"]
        case .comparesRequestsLiterally: ["sameRequest"]
        case .quotesWithoutProblems, .quotesUsedUpCoupons: ["quoted"]
        case .sendsReasonsOfAnyLength: ["noDeadLetters", "repaired", "drained"]
        case .forgetsRefunds: ["repaired", "drained"]
        case .forgetsToTellOfRefunds: ["told"]
        case .tellsOfRefundsTooEarly: ["toldInOrder"]
        case .repeatsRefundsThatExceed: ["noDeadLetters", "repaired", "drained"]
        case .leavesWhatCannotBeDelivered: ["noDeadLetters", "stock", "drained"]
        case .servesBeforePricesAreKept: ["pricesKept"]
        case .dropsWhatIsUnavailable:
            [
                "decided", "terminal", "stock", "told", "paid", "coupons", "couponWorth", "repaired",
                "toldInOrder", "drained",
            ]
        case .deliversInAnyOrder: ["toldInOrder"]
        case .countsAnOutageAsRefusal:
            [
                "decided", "noDeadLetters", "terminal", "stock", "coupons", "couponWorth", "told", "paid",
                "repaired",
                "toldInOrder",
                "drained",
            ]
        case .paymentForgetsVoids: ["tombstone", "paid"]
        case .paymentCapturesTwice: ["capturedOnce"]
        case .paymentVoidsWithoutRefund: ["paid", "drained"]
        case .paymentMixesCurrencies: ["ledger"]
        case .inventoryForgetsReleases: ["tombstone", "stock"]
        case .inventoryOversells: ["neverOversold"]
        case .inventoryKeepsWhatIsReleased: ["stock"]
        case .inventoryTakesBackTwice: ["stock", "noDeadLetters", "drained"]
        case .inventoryHasNoGrace: ["heldInGrace"]
        case .inventoryStopsAtAnUnreadableRow: ["stock"]
        case .inventoryRepricesReservations: ["pricesHeld", "oneAmount", "paid", "clientTold"]
        case .couponForgetsReleases: ["tombstone", "withinLimits", "coupons"]
        case .couponForgetsLimits: ["withinLimits"]
        case .couponForgetsThatItForgot:
            ["coupons", "couponRule", "couponPromise", "withinLimits", "couponWorth"]
        case .couponKeepsWhatOrderForgot: ["coupons", "couponFree", "withinLimits"]
        case .notificationHasNoInbox: ["toldOnce"]
        case .startsWhateverWasLost: ["lossNoticed"]
        case .keepsEverySpelling: ["withinLimits", "couponRule", "estimatedWithinLimits"]
        }
    }
}
