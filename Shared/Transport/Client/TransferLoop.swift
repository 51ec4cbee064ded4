import CCurl
import Contracts

/// Drives every transfer. Created, run and destroyed on the client's thread, and used only there.
final class TransferLoop {
    private let mailbox: TransferMailbox
    private let multi: UnsafeMutableRawPointer
    private let maximumBodyBytes: Int
    /// By id: those under way and those that wait in `queue`.
    private var inFlight: [UInt64: Transfer] = [:]
    private var queue: HostQueue
    private var idle: [Transfer] = []
    /// When another service last answered for a host (scheme, host and port).
    private var distrusted: [String: ContinuousClock.Instant] = [:]

    /// Nil when libcurl has no memory left.
    init?(_ mailbox: TransferMailbox, _ maximumConnectionsPerHost: Int, maximumBodyBytes: Int) {
        guard curlIsReady, let multi = curl_multi_init() else { return nil }
        self.mailbox = mailbox
        self.multi = multi
        queue = HostQueue(limit: maximumConnectionsPerHost)
        self.maximumBodyBytes = maximumBodyBytes
        // Kept open between calls: every connection to each of the other services.
        let others = ServiceName.allCases.count - 1
        csp_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maximumConnectionsPerHost * others)
        mailbox.open(multi: multi)
    }

    deinit {
        mailbox.close()
        curl_multi_cleanup(multi)
    }

    /// Returns after the mailbox was stopped and every caller has its answer.
    func run() {
        var orders: [TransferMailbox.Order] = []
        var going = mailbox.take(into: &orders)
        while going {
            for order in orders { follow(order) }
            orders.removeAll(keepingCapacity: true)
            drive()
            let pollTimeout = Int32(clamping: endOverdue())
            going = mailbox.take(into: &orders)
            if going, orders.isEmpty {
                // libcurl shortens this to its own next timeout, and the mailbox wakes it earlier.
                if curl_multi_poll(multi, nil, 0, pollTimeout, nil) != CURLM_OK {
                    endAll(with: .closed("poll failed"))
                }
                going = mailbox.take(into: &orders)
            }
        }
        for case .start(_, _, let reply) in orders { reply.resume(returning: .failure(.shutDown)) }
        endAll(with: .shutDown)
    }

    private func follow(_ order: TransferMailbox.Order) {
        switch order {
        case .start(let id, let request, let reply):
            do throws(HTTPClientError) {
                let transfer =
                    if let reused = idle.popLast() { reused } else {
                        try Transfer(maximumBodyBytes: maximumBodyBytes)
                    }
                try transfer.prepare(id: id, request, reply)
                inFlight[id] = transfer
                if queue.enter(id, to: transfer.host, request.priority) { begin(transfer) }
            } catch {
                reply.resume(returning: .failure(error))
            }
        case .cancel(let id):
            // Unknown if it has just ended, or was refused before it began.
            if let transfer = inFlight[id] { end(transfer, with: .failure(.cancelled)) }
        }
    }

    private func begin(_ transfer: Transfer) {
        do throws(HTTPClientError) {
            try transfer.begin(distrust: distrusted[transfer.host])
            guard curl_multi_add_handle(multi, transfer.easy) == CURLM_OK else {
                throw .invalidRequest("no handle")
            }
        } catch {
            end(transfer, with: .failure(error))
        }
    }

    private func drive() {
        var running: Int32 = 0
        if curl_multi_perform(multi, &running) != CURLM_OK { endAll(with: .closed("transfer failed")) }
        var code = CURLE_OK
        while let easy = csp_multi_next_ended(multi, &code) {
            guard let transfer = Transfer.of(easy) else { continue }
            end(transfer, with: transfer.outcome(code))
        }
    }

    /// Ends the calls that have waited too long for their turn. Returns the milliseconds until the next check
    /// is due.
    private func endOverdue() -> Int {
        var next = 60_000
        guard queue.waitingCount > 0 else { return next }
        let now = ContinuousClock.now
        for transfer in inFlight.values where !transfer.hasBegun {
            if transfer.connectDeadline <= now {
                end(transfer, with: .failure(.noFreeConnection))
            } else {
                next = min(next, milliseconds(transfer.connectDeadline - now))
            }
        }
        return next
    }

    private func endAll(with error: HTTPClientError) {
        for transfer in inFlight.values { end(transfer, with: .failure(error)) }
    }

    /// In this order: off the multi handle, which closes the connection of an unfinished transfer; back into
    /// the pool; then the caller is told.
    private func end(_ transfer: Transfer, with result: Result<HTTPClient.Response, HTTPClientError>) {
        guard inFlight.removeValue(forKey: transfer.id) != nil else { return }
        curl_multi_remove_handle(multi, transfer.easy)
        if case .failure(.wrongService) = result { distrusted[transfer.host] = .now }
        var successor: UInt64?
        if transfer.hasBegun {
            successor = queue.leave(transfer.host)
        } else {
            queue.giveUp(transfer.id, to: transfer.host)
        }
        let reply = transfer.clear()
        if idle.count < maximumIdle { idle.append(transfer) }
        reply?.resume(returning: result)
        if let successor, let next = inFlight[successor] { begin(next) }
    }
}

/// Easy handles kept for the next calls; a few KiB each.
private let maximumIdle = 256

/// `curl_global_init` before any other thread of ours is in libcurl.
private let curlIsReady = csp_global_init() == CURLE_OK
