import Foundation
import TestSupport

@testable import Queue

/// A disk with a queue alone, and a judge that tracks leases independently.
struct Depot: QueueKeeper {
    var queue: QueueModel
    let judge: LeaseJudge

    func message(_ claim: QueueModel.Claim) -> Message {
        Message(
            id: Int64(claim.id), kind: "\(claim.kind)", key: "\(claim.key)", payload: Data(),
            failures: claim.failures,
            tries: claim.tries,
            createdAt: judge.claimed(claim, until: queue.now + queue.lease, now: queue.now), priority: 0,
            isOrdered: false, owner: claim.owner, attempt: claim.attempt)
    }

    func extended(_ lease: Lease) { judge.extended(lease, until: queue.now + queue.lease) }
    func settled(_ message: Message) { judge.settled(message) }
}

/// Tracks the last holder of each message, the end of its lease, and its effects, without using the queue's
/// attempt numbers.
final class LeaseJudge {
    private struct Holder {
        var owner: Int64
        var delivery: Int64
        var until: Int64
    }

    private(set) var violation: Violation?
    private var holders: [Int: Holder] = [:]
    private var deliveries: Int64 = 0
    private var added: [Int: (key: Int, isOrdered: Bool)] = [:]
    private var effects: [Int: Int] = [:]
    private var onceIds: Set<Int> = []
    /// How many leases expired under their holders and were claimed by others.
    private(set) var taken = 0

    func broken(_ property: Property, _ id: Int, _ detail: String) {
        if violation == nil {
            violation = Violation(property: property, about: "message \(id)", detail: detail)
        }
    }

    func added(_ id: Int, key: Int, isOrdered: Bool, once: Int?) {
        added[id] = (key, isOrdered)
        if let once, !onceIds.insert(once).inserted {
            broken(.toldOnce, id, "added again under the id \(once)")
        }
    }

    /// A withdrawn or refused message is no longer expected.
    func withdrawn(_ id: Int) { added[id] = nil }

    /// - Returns: a number by which the judge identifies this delivery.
    func claimed(_ claim: QueueModel.Claim, until: Int64, now: Int64) -> Int64 {
        if let holder = holders[claim.id], holder.until > now, holder.owner != claim.owner {
            broken(
                .oneHolder, claim.id,
                "claimed by \(claim.owner) while \(holder.owner) held it for \(holder.until - now) ms")
        }
        if holders[claim.id] != nil { taken += 1 }
        deliveries += 1
        holders[claim.id] = Holder(owner: claim.owner, delivery: deliveries, until: until)
        return deliveries
    }

    func extended(_ lease: Lease, until: Int64) {
        let id = Int(lease.id)
        guard holders[id]?.owner == lease.owner else {
            return broken(.settledByHolder, id, "extended by \(lease.owner)")
        }
        holders[id]?.until = until
    }

    func settled(_ message: Message) {
        let id = Int(message.id)
        guard holders[id]?.delivery == message.createdAt else {
            return broken(.settledByHolder, id, "settled for delivery \(message.createdAt)")
        }
        holders[id] = nil
    }

    /// The receiver carried out the message.
    func effect(_ id: Int) {
        effects[id, default: 0] += 1
        if effects[id, default: 0] > 1 { broken(.toldOnce, id, "has \(effects[id, default: 0]) effects") }
        guard let own = added[id], own.isOrdered else { return }
        let earlier = added.filter {
            $0.key < id && $0.value.isOrdered && $0.value.key == own.key && effects[$0.key] == nil
        }
        if let first = earlier.keys.min() {
            broken(.toldInOrder, id, "came before message \(first) of the same key")
        }
    }

    func drained(_ entries: [QueueModel.Entry]) {
        for entry in entries where added[entry.id] != nil {
            broken(.drained, entry.id, "is still \(entry.state)")
        }
        for id in added.keys.sorted() where effects[id] == nil { broken(.delivered, id, "had no effect") }
    }
}
