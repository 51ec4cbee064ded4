import Contracts

/// The answer as it arrives: interim heads forgotten, sizes capped, trailers ignored.
struct ReceivedAnswer {
    private let maximumBodyBytes: Int
    /// The name of the service that is called; nil: an answer of any service counts.
    var service: String?
    private var headers: [(name: String, value: String)] = []
    private var body: [UInt8] = []
    private var headBytes = 0
    private var headIsOver = false
    /// Set when the answer was refused while it arrived.
    private(set) var broken: HTTPClientError?

    init(maximumBodyBytes: Int) {
        self.maximumBodyBytes = maximumBodyBytes
    }

    mutating func clear() {
        service = nil
        headers = []
        body = []
        headBytes = 0
        headIsOver = false
        broken = nil
    }

    /// One line of a head, status line and blank line included; false ends the transfer.
    mutating func append(headLine line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= maximumHeadBytes else {
            broken = .garbage("head over \(maximumHeadBytes) bytes")
            return false
        }
        if line.starts(with: "HTTP/".utf8) {
            // The first head, or one after an interim answer.
            headers = []
            headIsOver = false
        } else if !headIsOver {
            headIsOver = line.first == UInt8(ascii: "\r") || line.first == UInt8(ascii: "\n")
            if !headIsOver { return appendHeader(line) }
        }
        return true
    }

    /// False ends the transfer.
    private mutating func appendHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        // A line without a colon is no header; libcurl ignores it, and so does this.
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return true }
        let name = String(decoding: line[..<colon], as: UTF8.self)
        let value = String(decoding: trimmed(line[(colon + 1)...]), as: UTF8.self)
        headers.append((name, value))
        guard let service, sameHeaderName(name, ServiceIdentity.header) else { return true }
        let answering = ServiceIdentity.name(in: value)
        if answering != service { broken = .wrongService(answering) }
        return broken == nil
    }

    /// False ends the transfer.
    mutating func append(body bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count <= maximumBodyBytes - body.count else {
            broken = .bodyTooLarge
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    func response(status: Int) -> Result<HTTPClient.Response, HTTPClientError> {
        guard (200...599).contains(status) else { return .failure(.garbage("status \(status)")) }
        return .success(HTTPClient.Response(status: status, headers: headers, body: body))
    }
}

/// Far above any head that our services send; counted over interim answers and trailers too.
private let maximumHeadBytes = 65_536

private func trimmed(_ bytes: Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }),
        let last = bytes.lastIndex(where: { !isSpace($0) })
    else {
        return bytes[bytes.endIndex...]
    }
    return bytes[first...last]
}
