import Contracts
import Logging
import Mutants
import Resilience
import ServiceLifecycle
import ServingPath
import Transport

/// Tells coupon what it has confirmed before, when its store has lost something: see decision 0007.
///
/// Coupon says in each answer which epoch of its store has begun. After a later one than was gone through
/// here it gives nothing until it was told. All may be told again, so nothing has to be remembered here.
struct ReconcileCoupon: Service {
    /// Claims that are told of at once, and lines of their orders: 100 KB at most.
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

    /// Goes through all claims; false where they can't be read, or coupon can't be told, now.
    private func reconcile(_ epoch: Int64) async -> Bool {
        var after: String?
        do {
            repeat {
                let claims = try await store.couponClaims(after: after ?? "", limit: Self.most.claims)
                let request = ReconciliationRequest(epoch: epoch, after: after, of: claims, most: Self.most)
                guard let answer = await coupon.reconcile.call(request, for: .queue).value
                else { return false }
                after = answer.isPending ? request.upTo : nil
            } while after != nil
        } catch {
            logger.error("coupon can't be told what was redeemed", metadata: ["error": "\(error)"])
            return false
        }
        logger.notice("coupon knows again what was redeemed", metadata: ["epoch": "\(epoch)"])
        return true
    }
}

extension ReconciliationRequest {
    /// A stretch of claims, which ends after `most` claims or lines of orders. Fewer claims are the last.
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
