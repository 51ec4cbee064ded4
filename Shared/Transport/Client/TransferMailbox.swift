import CCurl
import Resilience

/// The orders of callers to the thread that drives the transfers; the only state that both sides share.
final class TransferMailbox: Sendable {
    typealias Reply = CheckedContinuation<Result<HTTPClient.Response, HTTPClientError>, Never>

    enum Order: Sendable {
        case start(id: UInt64, HTTPClient.Request, Reply)
        case cancel(id: UInt64)
    }

    private struct State {
        var orders: [Order] = []
        var stopped = false
        /// True from when the loop found nothing to do: the next order has to wake it.
        var asleep = false
        /// The multi handle's address, while there is one. libcurl allows `curl_multi_wakeup`, and only that,
        /// from any thread.
        var multi: UInt?

        mutating func wakeUp() {
            guard asleep, let multi else { return }
            asleep = false
            curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: multi))
        }
    }

    private let state = Locked(State())

    /// Gives a request to the loop, which will answer `reply` exactly once. To be called by the task that
    /// waits for it.
    func start(id: UInt64, _ request: HTTPClient.Request, _ reply: Reply) {
        let refusal: HTTPClientError? = state.withLock { state in
            if state.stopped { return .shutDown }
            // A cancellation that overtook its request has marked the task already: so the loop never gets a
            // request after its cancellation, and needs to remember none.
            if Task.isCancelled { return .cancelled }
            state.orders.append(.start(id: id, request, reply))
            state.wakeUp()
            return nil
        }
        if let refusal { reply.resume(returning: .failure(refusal)) }
    }

    func cancel(id: UInt64) {
        state.withLock { state in
            guard !state.stopped else { return }
            state.orders.append(.cancel(id: id))
            state.wakeUp()
        }
    }

    /// Accepts no more orders, and lets the loop end.
    func stop() {
        state.withLock { state in
            state.stopped = true
            state.wakeUp()
        }
    }

    /// The loop's side: sets the handle that wakes it.
    func open(multi: UnsafeMutableRawPointer) {
        let address = UInt(bitPattern: multi)
        state.withLock { $0.multi = address }
    }

    /// The loop's side: the handle is not used afterwards.
    func close() {
        state.withLock { state in
            state.stopped = true
            state.multi = nil
        }
    }

    /// The loop's side: swaps the waiting orders into the empty `orders`; false when it is to end after them.
    func take(into orders: inout [Order]) -> Bool {
        state.withLock { state in
            swap(&orders, &state.orders)
            state.asleep = orders.isEmpty
            return !state.stopped
        }
    }
}
