import Synchronization

/// HTTP/1.1 out: one thread in the process drives all transfers (libcurl's multi interface, poll form).
///
/// One `send` puts its request on the wire at most once: nothing is retried, no redirect is followed, no
/// proxy is taken from the environment. Connections are kept and reused.
package final class HTTPClient: Sendable {
    private let mailbox = TransferMailbox()
    private let thread: JoinableThread?
    private let lastID = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - maximumConnectionsPerHost: further calls to that host wait for one, within their connect timeout.
    ///   - maximumBodyBytes: a longer answer is `.bodyTooLarge`.
    package init(maximumConnectionsPerHost: Int = 128, maximumBodyBytes: Int = 1_048_576) {
        thread = JoinableThread(name: "http-client") { [mailbox] in
            TransferLoop(mailbox, maximumConnectionsPerHost, maximumBodyBytes: maximumBodyBytes)?.run()
            mailbox.close()
        }
        if thread == nil { mailbox.stop() }
    }

    deinit {
        shutdown()
    }

    /// The response, whatever its status. Cancelling the task closes the connection and throws `.cancelled`
    /// at once.
    package func send(_ request: Request) async throws(HTTPClientError) -> Response {
        guard request.timeout > .zero else { throw .timeout }
        try request.check()
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { reply in
                mailbox.start(id: id, request, reply)
            }
        } onCancel: {
            mailbox.cancel(id: id)
        }
        return try result.get()
    }

    /// Fails what is in flight with `.shutDown`, then ends and joins the thread. Later calls of `send` fail
    /// the same way.
    package func shutdown() {
        mailbox.stop()
        thread?.join()
    }
}
