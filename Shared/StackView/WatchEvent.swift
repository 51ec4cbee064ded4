package import Contracts

/// A degradation, a repair, or a change of a breaker or service.
package struct WatchEvent: Encodable, Sendable, Equatable {
    package enum Kind: String, Encodable { case worse, better }

    package var at: Timestamp
    /// An order's id or a service's name.
    package var subject: String
    package var words: String
    package var kind: Kind
    /// How often it occurred in a row; time and subject are those of the last.
    package var count = 1
}

/// The last events, newest first.
package struct EventLog: Sendable {
    private static let kept = 50
    /// Milliseconds in which an equal event is counted instead of listed again.
    private static let oneSpell: Int64 = 10_000

    private(set) var list: [WatchEvent] = []

    package mutating func add(_ event: WatchEvent) {
        var event = event
        if let index = list.firstIndex(where: { $0.words == event.words && $0.kind == event.kind }),
            event.isSameSort(list[index]),
            abs(event.at.milliseconds - list[index].at.milliseconds) <= Self.oneSpell
        {
            let earlier = list.remove(at: index)
            event.count += earlier.count
            if earlier.at > event.at { (event.at, event.subject) = (earlier.at, earlier.subject) }
        }
        let place = list.firstIndex { $0.at <= event.at } ?? list.count
        list.insert(event, at: place)
        if list.count > Self.kept { list.removeLast() }
    }
}

extension WatchEvent {
    /// Events of different orders are merged, those of different services are not.
    fileprivate func isSameSort(_ other: WatchEvent) -> Bool {
        subject == other.subject || (subject.hasPrefix("ord_") && other.subject.hasPrefix("ord_"))
    }
}
