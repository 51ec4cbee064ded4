import Resilience

/// Lets one order of a customer at a time decide about a coupon: two at once could both be given its last
/// use. It also knows which orders have only just come and haven't asked coupon yet: these claim nothing.
final class CouponTurns: Sendable {
    private struct Waiter {
        var id: Int
        var wake: CheckedContinuation<Bool, Never>
    }
    private struct State {
        var lastId = 0
        /// Of each coupon whose turn is taken, those that wait for it, the longest first.
        var waiting: [CustomerCoupon: [Waiter]] = [:]
        var newcomers: Set<String> = []
        /// Those that ask coupon although their turn didn't come, or whose answer isn't written yet.
        var outOfTurn: Set<String> = []
    }

    let time: TimeSource
    private let state = Locked(State())

    init(time: TimeSource) { self.time = time }

    // MARK: Newcomers

    /// A new order, until its turn comes or ``leave(_:)``.
    func expect(_ orderId: String) { state.withLock { _ = $0.newcomers.insert(orderId) } }

    func leave(_ orderId: String) {
        state.withLock { state in
            state.newcomers.remove(orderId)
            state.outOfTurn.remove(orderId)
        }
    }

    /// It asks coupon now, and is no newcomer any more.
    func askOutOfTurn(_ orderId: String) {
        state.withLock { state in
            state.newcomers.remove(orderId)
            state.outOfTurn.insert(orderId)
        }
    }

    /// Newcomers, and those that ask coupon although their turn didn't come: between these coupon decides.
    var undecided: Set<String> { state.withLock { $0.newcomers.union($0.outOfTurn) } }

    func isNewcomer(_ orderId: String) -> Bool { state.withLock { $0.newcomers.contains(orderId) } }

    // MARK: Turns

    /// Runs `body` when nothing else runs for the coupon; nil if that isn't before the deadline.
    func take<Value: Sendable, Failure: Error>(
        _ key: CustomerCoupon, for orderId: String, until deadline: Deadline? = nil,
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value? {
        guard await begin(key, until: deadline) else { return nil }
        let wasNewcomer = state.withLock { $0.newcomers.remove(orderId) != nil }
        defer {
            // Coupon may have refused it, which is written after its turn.
            if wasNewcomer { askOutOfTurn(orderId) }
            end(key)
        }
        return try await body()
    }

    private func begin(_ key: CustomerCoupon, until deadline: Deadline?) async -> Bool {
        var timer: Task<Void, Never>?
        defer { timer?.cancel() }
        return await withCheckedContinuation { wake in
            let id = state.withLock { state -> Int? in
                guard state.waiting[key] != nil else {
                    state.waiting[key] = []
                    return nil
                }
                state.lastId += 1
                state.waiting[key]?.append(Waiter(id: state.lastId, wake: wake))
                return state.lastId
            }
            guard let id else { return wake.resume(returning: true) }
            guard let deadline else { return }
            timer = Task { [time] in
                guard (try? await time.sleep(max(.zero, deadline.remaining(at: time.now())))) != nil else {
                    return
                }
                giveUp(id, key)
            }
        }
    }

    private func giveUp(_ id: Int, _ key: CustomerCoupon) {
        let waiter = state.withLock { state -> Waiter? in
            guard let index = state.waiting[key]?.firstIndex(where: { $0.id == id }) else { return nil }
            return state.waiting[key]?.remove(at: index)
        }
        waiter?.wake.resume(returning: false)
    }

    /// Hands the turn on to the one that has waited longest.
    private func end(_ key: CustomerCoupon) {
        let next = state.withLock { state -> Waiter? in
            guard let waiting = state.waiting[key], !waiting.isEmpty else {
                state.waiting[key] = nil
                return nil
            }
            return state.waiting[key]?.removeFirst()
        }
        next?.wake.resume(returning: true)
    }
}
