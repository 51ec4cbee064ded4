import Contracts
import Logging
import Mutants
import Resilience
import ServiceLifecycle
import Transport

/// Tells coupon what it has confirmed before, when its store has lost something: see decision 0007.
///
/// Coupon says in each answer which epoch of its store has begun. A later one than the last that was gone
/// through here means that redemptions may be missing there, and that coupon gives none until it was told.
/// All of it may be told again, so that nothing has to be remembered here.
struct ReconcileCoupon: Service {
    /// Claims that are told of at once, and lines of their orders, each with a name of 255 characters at
    /// most: 100 KB.
    private static let most = (claims: ReconciliationRequest.most, lines: 300)

    let store: OrderStore
    let coupon: CouponClient
    let peers: PeerStores
    let time: TimeSource
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var done: Int64 = 0
            while !Task.isCancelled {
                if let epoch = peers.store(of: "coupon")?.epoch, epoch > done,
                    !Mutant.isOn(.tellsCouponNothing), await reconcile(epoch)
                {
                    done = epoch
                }
                try? await time.sleep(.seconds(1))
            }
        }
    }

    /// Goes through all claims; false where coupon couldn't be told.
    private func reconcile(_ epoch: Int64) async -> Bool {
        var after: String?
        repeat {
            guard let request = await claims(after: after, epoch),
                let answer = await coupon.reconcile(request)
            else {
                return false
            }
            after = request.upTo
            guard answer.isPending else { break }
        } while after != nil
        logger.notice("coupon knows again what was redeemed", metadata: ["epoch": "\(epoch)"])
        return true
    }

    /// Nil where they can't be read now.
    private func claims(after: String?, _ epoch: Int64) async -> ReconciliationRequest? {
        do {
            let claims = try await store.couponClaims(after: after ?? "", limit: Self.most.claims)
            return ReconciliationRequest(epoch: epoch, after: after, of: claims, most: Self.most)
        } catch {
            logger.error("coupon can't be told what was redeemed", metadata: ["error": "\(error)"])
            return nil
        }
    }
}

extension ReconciliationRequest {
    /// A stretch of claims.
    ///
    /// - Parameters:
    ///   - claims: the next after `after`, by order id, each with its order; nil where that can't be read.
    ///     Fewer than `most.claims` are the last.
    ///   - most: after so many claims, or lines of orders, the stretch ends.
    init(
        epoch: Int64, after: String?, of claims: [(claim: CouponClaim, order: Order?)],
        most: (claims: Int, lines: Int)
    ) {
        self.init(epoch: epoch, after: after, upTo: nil, redemptions: [], undecided: [])
        var lines = 0
        for (index, (claim, order)) in claims.enumerated() {
            switch claim.state {
            case .held, .given:
                if let confirmed = order?.confirmedRedemption {
                    redemptions.append(confirmed)
                    lines += confirmed.request.items.count
                } else {
                    undecided.append(claim.orderId)
                }
            // It may be redeemed although nothing is known of it here.
            case .asked, .estimated, .owed, .toRecord, .toRedeem: undecided.append(claim.orderId)
            case .lost, .toRelease: break
            }
            if lines >= most.lines || index + 1 == most.claims {
                upTo = claim.orderId
                return
            }
        }
    }
}

extension Order {
    /// What coupon has confirmed for it. Nil: it has no coupon, or no price.
    fileprivate var confirmedRedemption: ConfirmedRedemption? {
        guard let code = request.couponCode, !pricedItems.isEmpty else { return nil }
        return ConfirmedRedemption(
            request: redemption(of: code), discount: document.discount + (progress.couponRefund ?? 0))
    }
}
