import Contracts
import StackView

/// A partial fault: injected, proven and rolled back.
struct InjectedPartialFault: Sendable {
    /// Keeps the coupons of the side traffic from being redeemed at once, so that there is something to
    /// refund. It spares the measured orders, which are critical-plus.
    private static let standing = PartialFault.Injected(
        service: "coupon",
        fault: FaultRequest(
            route: "POST /redemptions", criticality: SideTraffic.criticality, kind: "error", status: 503))

    let fault: PartialFault
    let stack: DrillStack
    let seed: UInt64
    /// Seconds after which the faults end by themselves, should the drill be killed.
    let expiresAfter: Double

    /// Sets the standing fault, before the healthy stretch.
    func prepare() async throws {
        guard fault.needsRefunds else { return }
        try await set([Self.standing], on: Self.standing.service)
    }

    func begin() async throws {
        for service in fault.services {
            let isStanding = fault.needsRefunds && service == Self.standing.service
            try await set(
                fault.injected.filter { $0.service == service } + (isStanding ? [Self.standing] : []),
                on: service)
        }
    }

    /// How often each fault was injected so far, as text.
    ///
    /// - Throws: ``Failure`` when none was injected. One of several is enough: an early failure keeps orders
    ///   from the later dependencies.
    func proof() async throws -> [String] {
        var words: [String] = []
        var injections = 0
        for service in fault.services {
            let entries = try await stack.faults.status(self.service(service)).faults
            for (injected, entry) in zip(fault.injected.filter { $0.service == service }, entries) {
                let what =
                    injected.fault.route ?? injected.fault.criticality.map { "\($0) requests" }
                    ?? "every route"
                injections += entry.injected
                words.append("\(service): bit \(entry.injected) of \(entry.considered) requests (\(what))")
            }
        }
        guard injections > 0 else { throw Failure("\(fault.words), yet no request met that") }
        return words
    }

    /// Idempotent.
    func end() async throws {
        let standing = fault.needsRefunds ? [Self.standing.service] : []
        for service in Set(fault.services + standing) { try await stack.faults.clear(self.service(service)) }
    }

    private func set(_ injected: [PartialFault.Injected], on name: String) async throws {
        let faults = injected.map { one in
            var fault = one.fault
            (fault.seed, fault.expiresInSeconds) = (seed, expiresAfter)
            return fault
        }
        try await stack.faults.set(faults, on: service(name))
    }

    private func service(_ name: String) throws -> StackRecord.Service {
        guard let known = ServiceName(rawValue: name) else {
            throw Failure("order depends on \(name), which is no service of this stack")
        }
        return try stack.service(known)
    }
}

extension PartialFault {
    /// Whether payment has to be asked for refunds while it is broken.
    var needsRefunds: Bool { hasSideTraffic && services == ["payment"] }
}
