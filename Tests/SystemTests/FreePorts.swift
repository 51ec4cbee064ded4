import Contracts
import Foundation
import Testing

/// Ports without a listener, below the range of ephemeral ports.
enum FreePorts {
    /// The first of free ports in a row, as many as `csp up --ports` needs: one for each service, and the
    /// console's.
    static func base() throws -> Int {
        for _ in 0..<1000 {
            let base = Int.random(in: 10_000...30_000)
            if (base...base + ServiceName.allCases.count).allSatisfy(isFree) { return base }
        }
        throw NoPorts()
    }

    struct NoPorts: Error {}

    private static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
