package import Resilience

extension HTTPClient {
    package struct Request: Sendable {
        package var method: String
        /// Absolute, http or https, already percent-encoded.
        package var url: String
        /// `Content-Length` and `Transfer-Encoding` are the client's own and refused here.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]?
        /// Waiting for a free connection, name look-up, TCP and TLS together; at least 1 ms.
        package var connectTimeout: Duration
        /// The whole call, connecting included. Zero or less fails at once with `.timeout`.
        package var timeout: Duration
        /// If calls wait for a connection, the higher priority gets it first.
        package var priority: Priority
        /// The name of the service that is called. An answer that names another service is `.wrongService`;
        /// one that names none may have come through a proxy, and counts. Nil: an answer of any service
        /// counts.
        package var service: String?
        /// Whether the address has to lie beyond this network: for addresses that others chose. It is looked
        /// at once the connection stands, so that no name can lead elsewhere.
        package var isForPublicAddress = false

        package init(
            method: String = "GET",
            url: String,
            service: String? = nil,
            headers: [(name: String, value: String)] = [],
            body: [UInt8]? = nil,
            connectTimeout: Duration = .milliseconds(200),
            timeout: Duration = .seconds(1),
            priority: Priority = .normal
        ) {
            self.method = method
            self.url = url
            self.service = service
            self.headers = headers
            self.body = body
            self.connectTimeout = connectTimeout
            self.timeout = timeout
            self.priority = priority
        }
    }

    package struct Response: Sendable {
        /// 200 to 599: interim answers are skipped, redirects are not followed.
        package var status: Int
        /// In the order received, names as the server wrote them.
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
            self.status = status
            self.headers = headers
            self.body = body
        }

        /// The first header of that name, whatever its case.
        package func header(_ name: String) -> String? {
            headers.first { sameHeaderName($0.name, name) }?.value
        }

        /// Where it is in seconds, an hour at most; our services never send a date, its other form.
        package var retryAfter: Duration? {
            header("Retry-After").flatMap(Int.init).map { .seconds(max(0, min($0, 3600))) }
        }
    }
}

/// Compares header names without regard to ASCII case and without allocating.
func sameHeaderName(_ one: String, _ other: String) -> Bool {
    let one = one.utf8
    let other = other.utf8
    guard one.count == other.count else { return false }
    return zip(one, other).allSatisfy { lowercased($0) == lowercased($1) }
}

private func lowercased(_ byte: UInt8) -> UInt8 {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
}
