import Resilience

/// What a fault answers instead of a service, as a server sends it and a client gets it.
struct InjectedAnswer {
    static let defaultStatus = 500

    /// `injected-fault`, as the problem document says it.
    static func error(_ bite: FaultBite) -> Problem {
        Problem(
            bite.status ?? defaultStatus, "injected-fault", "An injected fault",
            "This error was asked for by PUT /faults or csp fault; nothing is wrong.")
    }

    /// A success by its status and media type, with a body that no contract knows: by turns, as the seed
    /// says.
    static func garbage(_ bite: FaultBite) -> [UInt8] {
        let bodies: [[UInt8]] = [
            [],
            [0x00, 0xff, 0xfe, 0x7b, 0x22],
            Array("null".utf8),
            Array("[]".utf8),
            // Another shape, and one with the expected members but of other types.
            Array(#"{"ok":true,"data":{"result":[1,2,3]}}"#.utf8),
            Array(
                #"{"id":17,"orderId":null,"status":{"code":"confirmed"},"items":"all of them","total":-1e9}"#
                    .utf8),
            // Cut off, and followed by bytes that don't belong.
            Array(#"{"id":"ord_01KE6Z8F3Q5N0V7J2T4B6C8D9E","orderId":"ord_01KE"#.utf8),
            Array(#"{"orderId":"ord_01KE6Z8F3Q5N0V7J2T4B6C8D9E"}{"orderId":"ord_02"}"#.utf8),
            Array("<!DOCTYPE html><html><body><h1>Welcome to nginx!</h1></body></html>".utf8),
        ]
        return bodies[min(Int(bite.draw * Double(bodies.count)), bodies.count - 1)]
    }
}
