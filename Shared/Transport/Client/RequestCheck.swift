extension HTTPClient.Request {
    /// Refuses what libcurl would guess at, or put on the wire differently than the caller meant.
    func check() throws(HTTPClientError) {
        guard isToken(method) else { throw .invalidRequest("method is not a token") }
        // HEAD with a body would make libcurl wait for a body in the answer.
        guard method != "HEAD" || body == nil else { throw .invalidRequest("HEAD with a body") }
        guard hasHTTPScheme(url) else { throw .invalidRequest("URL is not http or https") }
        guard url.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            throw .invalidRequest("URL with a space or control character")
        }
        for (name, value) in headers {
            guard isToken(name) else { throw .invalidRequest("header name is not a token") }
            guard value.utf8.allSatisfy({ ($0 >= 0x20 || $0 == 0x09) && $0 != 0x7F }) else {
                throw .invalidRequest("header \(name) with a control character")
            }
            guard !sameHeaderName(name, "Content-Length"), !sameHeaderName(name, "Transfer-Encoding") else {
                throw .invalidRequest("header \(name) is set by the client")
            }
        }
    }
}

extension HTTPClient.Request {
    /// Scheme, host and port of a checked URL: what comes before its path.
    var host: String {
        guard let slashes = url.utf8.firstIndex(of: UInt8(ascii: "/")) else { return url }
        let rest = url.utf8[slashes...].dropFirst(2)
        let end = rest.firstIndex {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#")
        }
        return String(url[..<(end ?? url.endIndex)])
    }
}

private func hasHTTPScheme(_ url: String) -> Bool {
    ["http://", "https://"].contains { sameHeaderName(String(url.prefix($0.count)), $0) }
}

/// A token of RFC 9110, section 5.6.2.
private func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            case UInt8(ascii: "!"), UInt8(ascii: "#")...UInt8(ascii: "'"), UInt8(ascii: "*"),
                UInt8(ascii: "+"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "^")...UInt8(ascii: "`"),
                UInt8(ascii: "|"),
                UInt8(ascii: "~"):
                true
            default:
                false
            }
        }
}
