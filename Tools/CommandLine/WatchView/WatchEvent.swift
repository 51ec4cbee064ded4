import Contracts

/// Something that a reader should know of: a degradation or repair, a breaker or a service that changed.
struct WatchEvent: Encodable, Sendable, Equatable {
    enum Kind: String, Encodable { case worse, better }

    var at: Timestamp
    /// An order's id or a service's name.
    var subject: String
    var words: String
    var kind: Kind
    /// How often the same was seen in a row; time and subject are the last one's.
    var count = 1
}

/// The last events, newest first.
struct EventLog: Sendable {
    private static let kept = 50
    /// What is said again within this time is counted instead of repeated.
    private static let oneSpell: Int64 = 10_000

    private(set) var list: [WatchEvent] = []

    mutating func add(_ event: WatchEvent) {
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
    /// Two orders may be told of together, two services may not.
    fileprivate func isSameSort(_ other: WatchEvent) -> Bool {
        subject == other.subject || (subject.hasPrefix("ord_") && other.subject.hasPrefix("ord_"))
    }
}
