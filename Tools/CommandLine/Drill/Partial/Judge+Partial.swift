import Contracts

extension Judge {
    /// Contradictions of the hypothesis of a partial fault.
    func findings(of fault: PartialFault) -> [Finding] {
        expected(fault)
            + .doubtful(waited(fault) + meanwhile + (fault.finishing.map(finishing) ?? []) + recovery + reads)
            + books
    }

    private var affected: [Sample] { seen.broken + seen.recovering }

    private func expected(_ fault: PartialFault) -> [Finding] {
        let unwelcome = refused
        switch fault.expectation {
        case .undegraded:
            return unwelcome + found(affected.filter { $0.isTaken && !$0.isNormal }, "not confirmed as usual")
        case .confirmedWithout(let dependency, let isTotal):
            let others = affected.filter { sample in
                sample.outcome == .confirmed && sample.degradations.contains { $0.dependency != dependency }
            }
            return unwelcome + found(affected.filter { $0.outcome == .accepted }, "not confirmed")
                + found(others, "degraded, and not for want of \(dependency)")
                + (isTotal ? silent(seen.broken.filter(\.hasCoupon), dependency) : [])
        case .accepted(let isTotal):
            return unwelcome + (isTotal ? silent(seen.broken, fault.services[0]) : [])
        }
    }

    /// Finds orders that were answered during the fault without the dependency and don't say so.
    private func silent(_ asked: [Sample], _ dependency: String) -> [Finding] {
        let answered = asked.filter { sample in
            seen.rounds.contains { $0.hasMet(sample) }
        }
        let silent = answered.filter { sample in
            sample.isTaken && !sample.degradations.contains { $0.dependency == dependency }
        }
        return .certain(
            silent.isEmpty ? [] : ["\(dependency) gave nothing, yet \(Self.words(silent)) without saying so"])
    }

    private func found(_ samples: [Sample], _ what: String) -> [Finding] {
        guard !samples.isEmpty else { return [] }
        return .doubtful([
            "orders were \(what): \(Self.words(samples)) of \(affected.count)\(Self.reasons(samples))"
        ])
    }

    private func waited(_ fault: PartialFault) -> [String] {
        switch (fault.group, fault.expectation) {
        case (.brownout, _): return answeredInTime
        case (_, .undegraded): return answeredInTime + asFast(seen.broken, "during the fault")
        default: return answeredInTime + asFast(seen.isolated, "from 3 s after the fault") + isolation
        }
    }

    /// Findings where the spared operations were answered less often than before.
    private var meanwhile: [String] {
        seen.traffic.filter { $0.isTelling && $0.broken < Thresholds.goesOn * $0.healthy }.map { one in
            "\(one.operation) was answered \(one.broken.rounded(places: 1)) times a second, before the fault "
                + "\(one.healthy.rounded(places: 1)) times"
        }
    }

    /// - Parameter share: the least share of arriving orders that has to be finished.
    private func finishing(_ share: Double) -> [String] {
        guard let seen = seen.finishing, seen.share < share else { return [] }
        return [
            """
            the queue didn't keep up: \(seen.finished.rounded(places: 1)) orders a second were finished in \
            the last third of the fault, \(seen.arrived.rounded(places: 1)) arrived; its backlog grew from \
            \(seen.backlogAtBegin) to \(seen.backlogAtEnd) messages
            """
        ]
    }
}

extension Thresholds {
    /// The share of its answers a second that a spared operation has to keep.
    static let goesOn = 0.5
}
