import Contracts
import ServingPath
import TestSupport

@testable import OrderService

/// One process of the order service: what it has in memory, and its way to the disk. A crash ends it for ever, and the next
/// one begins with the same disk.
///
/// Its shells are those of `PlaceOrder`, `FinishOrder`, `CancelOrder`, `CouponClaims` and `RunErrands`, with `await` written
/// as a continuation in a later event; all decisions are those of the production's `Saga` and `Endings`.
final class OrderProcess: QueueProcess {
    /// The customer's budget, and when `finish-order` takes over.
    static let budget: Int64 = 1000
    static let resumeAfter: Int64 = 2000

    unowned let shop: Shop
    let world: World
    let host = World.Host()
    let owner: Int64
    let hands = WorkInHand()
    let endings: Endings
    /// Of each customer and coupon that is being decided about, those that wait for their turn.
    var turns: [CouponTurns.Key: [Waiter]] = [:]
    /// Orders that haven't asked coupon yet.
    var newcomers: Set<String> = []
    /// Those that ask coupon although their turn didn't come, or whose answer isn't written yet.
    var outOfTurn: Set<String> = []
    private var lanes: [Errand.Lane: Lane<OrderProcess>] = [:]

    init(_ shop: Shop, owner: Int64) {
        self.shop = shop
        self.owner = owner
        world = shop.world
        endings = Endings(
            acceptedMaxAge: shop.acceptedMaxAge,
            // Every third second.
            isNotificationGivenUp: { [clock = shop.world.clock] in clock.now / 1000 % 3 == 0 },
            wall: { [clock = shop.world.clock] in Timestamp(milliseconds: clock.now) })
        for lane in Errand.Lane.allCases { lanes[lane] = Lane(lane.number, of: self) }
        transact {
            $0.queue.takeOver()
        } then: { [self] _ in
            for lane in Errand.Lane.allCases { lanes[lane]?.ring() }
        }
        if shop.couponEpoch > 0 { reconcileCoupon() }
    }

    var wall: Timestamp { Timestamp(milliseconds: world.now) }
    var mutant: Mutant? { shop.mutant }

    func crash() {
        shop.trace.note("*", "order process \(owner) crashes")
        host.isAlive = false
    }

    func freeze(_ length: Int64) {
        shop.trace.note("*", "order process \(owner) freezes for \(length) ms")
        host.frozenUntil = world.now + length
    }

    /// Commits in one event and goes on in a later one, with a place to die before, between and after.
    func transact<Value>(
        _ body: @escaping (inout Disk) throws -> Value, then: @escaping (Result<Value, any Error>) -> Void
    ) {
        world.after(world.dice.from(0, 3), in: host) { [self] in
            let result = commit(body)
            world.after(world.dice.from(0, 2), in: host) { then(result) }
        }
    }

    private func commit<Value>(_ body: (inout Disk) throws -> Value) -> Result<Value, any Error> {
        if shop.network.isFaulty, world.dice.happens(3) { return .failure(DiskFull()) }
        do {
            let value = try shop.disk.transaction(body)
            for lane in Errand.Lane.allCases where shop.disk.bells.contains(lane) { lanes[lane]?.ring() }
            shop.disk.bells = []
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    func read<Value>(_ body: @escaping (Disk) -> Value, then: @escaping (Value) -> Void) {
        world.after(world.dice.from(0, 1), in: host) { [self] in then(body(shop.disk)) }
    }

    struct DiskFull: Error {}

    // MARK: As Conclude has it

    func save(_ order: Order, then: @escaping (Result<Order, any Error>) -> Void) {
        transact {
            try $0.save(order)
        } then: { result in
            var saved = order
            saved.version += 1
            then(result.map { saved })
        }
    }

    func save(_ order: Order, within limit: Int, then: @escaping (Result<Order?, any Error>) -> Void) {
        transact { [self] disk in
            let uses = disk.couponUses(of: order, newcomers: newcomers).count(where: \.counts)
            guard uses < limit || mutant == .estimatesBeyondTheLimit else { return false }
            try disk.save(order)
            return true
        } then: { result in
            var saved = order
            saved.version += 1
            then(result.map { $0 ? saved : nil })
        }
    }

    func conclude(_ conclusion: Conclusion, then: @escaping (Result<Void, any Error>) -> Void) {
        guard mutant == .commitsMessagesAfterTheOrder else {
            return transact {
                try $0.commit(conclusion)
            } then: {
                then($0)
            }
        }
        transact {
            try $0.commitOrder(conclusion)
        } then: { [self] result in
            guard case .success = result else { return then(result) }
            transact {
                $0.commitMessages(conclusion)
            } then: { _ in
                then(result)
            }
        }
    }
}
