import Resilience

#if canImport(Glibc)
    import Glibc
    private let stream = Int32(SOCK_STREAM.rawValue)
    private let noSignal = Int32(MSG_NOSIGNAL)
#else
    import Darwin
    private let stream = SOCK_STREAM
    private let noSignal: Int32 = 0
#endif

/// A failed system call with its errno.
package struct SocketFailure: Error {
    package let call: String
    package let code: Int32
}

/// A TCP socket on 127.0.0.1. One thread reads, writes and closes it; any may shut it down.
final class RawSocket: Sendable {
    private let descriptor: Int32
    private let isOpen = Locked(true)

    private init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close()
    }

    init() throws {
        descriptor = socket(AF_INET, stream, 0)
        try must("socket", descriptor)
    }

    /// Connects, and waits until the peer's kernel has accepted it if `waiting`.
    convenience init(connectingTo port: UInt16, waiting: Bool) throws {
        try self.init()
        if !waiting { try must("fcntl", fcntl(descriptor, F_SETFL, O_NONBLOCK)) }
        let result = withLoopback(port) { connect(descriptor, $0, $1) }
        if waiting { try must("connect", result) }
    }

    /// Occupies a port that was just closed, so that no other socket gets it; connections to it are refused.
    convenience init(occupying port: UInt16) throws {
        try self.init()
        var on: Int32 = 1
        try must(
            "setsockopt",
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size)))
        try must("bind", withLoopback(port) { bind(descriptor, $0, $1) })
    }

    /// Binds to a free port and returns it.
    func bindToLoopback() throws -> UInt16 {
        try must("bind", withLoopback(0) { bind(descriptor, $0, $1) })
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        try must("getsockname", result)
        return UInt16(bigEndian: address.sin_port)
    }

    func listen(backlog: Int32) throws {
        #if canImport(Glibc)
            try must("listen", Glibc.listen(descriptor, backlog))
        #else
            try must("listen", Darwin.listen(descriptor, backlog))
        #endif
    }

    /// Nil when the socket was shut down.
    func accept() -> RawSocket? {
        #if canImport(Glibc)
            let accepted = Glibc.accept(descriptor, nil, nil)
        #else
            let accepted = Darwin.accept(descriptor, nil, nil)
        #endif
        return accepted < 0 ? nil : RawSocket(accepted)
    }

    /// The next bytes; nil at the end of the stream and after any error.
    func receive() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        return count > 0 ? Array(buffer.prefix(count)) : nil
    }

    /// False when not all could be sent.
    func send(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                #if canImport(Glibc)
                    let count = Glibc.send(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, noSignal)
                #else
                    let count = Darwin.send(
                        descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count, noSignal)
                #endif
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
    }

    func peerStays(milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&watched, 1, milliseconds) == 0
    }

    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// The peer reads the end of the stream; this side can still read.
    func closeOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Ends the owner's blocking calls on this socket. With `resetting` the peer gets a reset when the owner
    /// closes.
    func shutDown(resetting: Bool = false) {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            if resetting { resetOnClose() }
            shutdown(descriptor, resetting ? Int32(SHUT_RD) : Int32(SHUT_RDWR))
        }
    }

    func close() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            #if canImport(Glibc)
                _ = Glibc.close(descriptor)
            #else
                _ = Darwin.close(descriptor)
            #endif
        }
    }
}

private func must(_ call: String, _ result: Int32) throws {
    if result < 0 { throw SocketFailure(call: call, code: errno) }
}

private func withLoopback<Result>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result)
    -> Result
{
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}
