import Contracts

/// Something that a reader should know of: a degradation or repair, a breaker or a service that changed.
struct Happening: Encodable, Sendable, Equatable {
    enum Kind: String, Encodable { case worse, better }

    var at: Timestamp
    /// An order's id or a service's name.
    var subject: String
    var words: String
    var kind: Kind
    /// How often the same was seen in a row; time and subject are the last one's.
    var count = 1
}

/// The last happenings, newest first.
struct Happenings: Sendable {
    private static let kept = 50
    /// What is said again within this time is counted instead of repeated.
    private static let oneSpell: Int64 = 10_000

    private(set) var list: [Happening] = []

    mutating func add(_ happening: Happening) {
        var happening = happening
        if let index = list.firstIndex(where: { $0.words == happening.words && $0.kind == happening.kind }),
            happening.isSameSort(list[index]), abs(happening.at.milliseconds - list[index].at.milliseconds) <= Self.oneSpell
        {
            let earlier = list.remove(at: index)
            happening.count += earlier.count
            if earlier.at > happening.at { (happening.at, happening.subject) = (earlier.at, earlier.subject) }
        }
        let place = list.firstIndex { $0.at <= happening.at } ?? list.count
        list.insert(happening, at: place)
        if list.count > Self.kept { list.removeLast() }
    }
}

extension Happening {
    /// Two orders may be told of together, two services may not.
    fileprivate func isSameSort(_ other: Happening) -> Bool {
        subject == other.subject || (subject.hasPrefix("ord_") && other.subject.hasPrefix("ord_"))
    }
}
