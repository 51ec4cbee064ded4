import CCurl

/// One easy handle, used for one call after the other, with what libcurl's callbacks collect for the current
/// call.
final class Transfer {
    let easy: UnsafeMutableRawPointer
    private(set) var id: UInt64 = 0
    private var reply: TransferMailbox.Reply?
    private var answer: ReceivedAnswer
    /// True from just before the first byte is sent: until then nothing can have happened at the other end.
    private var requestWasSent = false
    private var isForPublicAddress = false
    private var isAddressRefused = false
    /// Scheme, host and port.
    private(set) var host = ""
    /// False while the call waits for its turn.
    private(set) var hasBegun = false
    /// When the connection has to be made.
    private(set) var connectDeadline = ContinuousClock.now
    private var deadline = ContinuousClock.now
    private var requestHeaders: UnsafeMutablePointer<curl_slist>?
    private let message = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(maximumBodyBytes: Int) throws(HTTPClientError) {
        guard let easy = curl_easy_init() else { throw .invalidRequest("no handle") }
        self.easy = easy
        answer = ReceivedAnswer(maximumBodyBytes: maximumBodyBytes)
        message.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try setForEveryCall()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(requestHeaders)
        message.deallocate()
    }

    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer? {
        csp_context(easy).map { Unmanaged<Transfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func setForEveryCall() throws(HTTPClientError) {
        // Unretained is enough: libcurl calls back only while the loop holds the transfer in flight.
        let context = Unmanaged.passUnretained(self).toOpaque()
        try accept(csp_set_callbacks(easy, context, receiveHead, receiveBody, beforeRequest))
        try accept(csp_set_pointer(easy, CURLOPT_ERRORBUFFER, message))
        try set(CURLOPT_NOSIGNAL, 1)
        // A name look-up that hangs must not hold the loop when its call ends.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_FOLLOWLOCATION, 0)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        try set(CURLOPT_PROXY, "")
        // Below any server's idle timeout, so that a reused connection is seldom one that is being closed.
        try set(CURLOPT_MAXAGE_CONN, 30)
        // A name is looked up for every new connection: a restarted service may have another's address. Kept
        // connections need no look-up.
        try set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        // libcurl would send /a/../b as /b.
        try set(CURLOPT_PATH_AS_IS, 1)
    }

    /// Sets anew every option that differs from call to call.
    func prepare(id: UInt64, _ request: HTTPClient.Request, _ reply: TransferMailbox.Reply)
        throws(HTTPClientError)
    {
        self.id = id
        requestWasSent = false
        hasBegun = false
        let now = ContinuousClock.now
        deadline = now + request.timeout
        connectDeadline = now + min(max(request.connectTimeout, .milliseconds(1)), request.timeout)
        host = request.host
        answer.service = request.service
        isForPublicAddress = request.isForPublicAddress
        isAddressRefused = false
        message.pointee = 0
        try set(CURLOPT_URL, request.url)
        try setMethodAndBody(request)
        try setHeaders(request)
        self.reply = reply
    }

    /// Starts the call with what is left of its time, when its turn has come.
    ///
    /// - Parameter distrust: when connections to the host were last found to lead elsewhere; older ones
    ///   aren't used.
    func begin(distrust: ContinuousClock.Instant?) throws(HTTPClientError) {
        hasBegun = true
        let now = ContinuousClock.now
        let reuse = ConnectionReuse(now: now, distrust: distrust)
        try set(CURLOPT_FRESH_CONNECT, reuse.isForbidden ? 1 : 0)
        try set(CURLOPT_MAXLIFETIME_CONN, reuse.maximumAge)
        try set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(connectDeadline - now))
        try set(CURLOPT_TIMEOUT_MS, milliseconds(deadline - now))
    }

    private func setMethodAndBody(_ request: HTTPClient.Request) throws(HTTPClientError) {
        switch (request.method, request.body) {
        case ("HEAD", _):
            try set(CURLOPT_NOBODY, 1)
        case ("POST", _), ("PUT", _), ("PATCH", _), (_, .some):
            try set(CURLOPT_POST, 1)
            let bytes = request.body ?? []
            try accept(bytes.withUnsafeBufferPointer { csp_set_body(easy, $0.baseAddress, $0.count) })
        default:
            try set(CURLOPT_HTTPGET, 1)
        }
        try accept(csp_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method))
    }

    private func setHeaders(_ request: HTTPClient.Request) throws(HTTPClientError) {
        curl_slist_free_all(requestHeaders)
        requestHeaders = nil
        var hasContentType = false
        for (name, value) in request.headers {
            // To libcurl "Name:" means 'leave it out', and "Name;" an empty value.
            try addHeader(value.isEmpty ? "\(name);" : "\(name): \(value)")
            if sameHeaderName(name, "Content-Type") { hasContentType = true }
        }
        try addHeader("Expect:")
        if !hasContentType { try addHeader("Content-Type:") }
        try accept(csp_set_pointer(easy, CURLOPT_HTTPHEADER, requestHeaders))
    }

    private func addHeader(_ line: String) throws(HTTPClientError) {
        guard let longer = curl_slist_append(requestHeaders, line) else {
            throw .invalidRequest("no memory for headers")
        }
        requestHeaders = longer
    }

    /// The call's outcome, once libcurl is done with it.
    func outcome(_ code: CURLcode) -> Result<HTTPClient.Response, HTTPClientError> {
        if isAddressRefused { return .failure(.invalidRequest("the address is not a public one")) }
        if let broken = answer.broken { return .failure(broken) }
        guard code != CURLE_OK else {
            return answer.response(status: csp_get_long(easy, CURLINFO_RESPONSE_CODE))
        }
        let text = String(cString: message.pointee == 0 ? curl_easy_strerror(code) : UnsafePointer(message))
        let systemError = csp_get_long(easy, CURLINFO_OS_ERRNO)
        return .failure(clientError(code, requestWasSent: requestWasSent, systemError: systemError, text))
    }

    /// Forgets the call; returns the continuation of its caller.
    func clear() -> TransferMailbox.Reply? {
        answer.clear()
        return reply.take()
    }

    private func set(_ option: CURLoption, _ value: Int) throws(HTTPClientError) {
        try accept(csp_set_long(easy, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) throws(HTTPClientError) {
        try accept(csp_set_string(easy, option, value))
    }

    private func accept(_ code: CURLcode) throws(HTTPClientError) {
        guard code == CURLE_OK else { throw .invalidRequest(String(cString: curl_easy_strerror(code))) }
    }
}

extension Transfer {
    fileprivate func receivedHead(_ line: UnsafeRawBufferPointer) -> Bool { answer.append(headLine: line) }

    fileprivate func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Bool { answer.append(body: bytes) }

    /// libcurl sends a request again by itself when a kept connection dies under it. The other end may have
    /// acted on the first one, so the second is refused here.
    fileprivate func mayBeSent(to address: String) -> Bool {
        isAddressRefused = isForPublicAddress && !PublicAddress.isPublic(address)
        guard !isAddressRefused else { return false }
        defer { requestWasSent = true }
        return !requestWasSent
    }
}

private func receiveHead(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
)
    -> Int
{
    guard let context else { return 0 }
    let line = UnsafeRawBufferPointer(start: data, count: size * count)
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedHead(line) ? line.count : 0
}

private func receiveBody(
    _ data: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
)
    -> Int
{
    guard let context else { return 0 }
    let bytes = UnsafeRawBufferPointer(start: data, count: size * count)
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().receivedBody(bytes) ? bytes.count : 0
}

private func beforeRequest(
    _ context: UnsafeMutableRawPointer?, _ address: UnsafeMutablePointer<CChar>?,
    _: UnsafeMutablePointer<CChar>?,
    _: Int32, _: Int32
) -> Int32 {
    guard let context, let address else { return CURL_PREREQFUNC_ABORT }
    let mayBeSent = Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
        .mayBeSent(to: String(cString: address))
    return mayBeSent ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}

/// Rounded up, and never 0, which to libcurl means no limit.
func milliseconds(_ duration: Duration) -> Int {
    let (seconds, attoseconds) = min(duration, .seconds(1_000_000)).components
    return max(1, Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000))
}
