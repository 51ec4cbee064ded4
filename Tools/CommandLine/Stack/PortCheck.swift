import Foundation

/// Whether a service could listen on a port now, as it would itself (`SO_REUSEADDR`).
enum PortCheck {
    enum Outcome: Equatable { case free, taken, refused(String) }

    static func check(host: String, port: Int) -> Outcome {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &found)
        guard code == 0, let address = found else { return .refused(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(address) }
        let descriptor = socket(
            address.pointee.ai_family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .refused(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        if bind(descriptor, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 { return .free }
        return errno == EADDRINUSE ? .taken : .refused(String(cString: strerror(errno)))
    }
}
