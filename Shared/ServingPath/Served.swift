/// What an optional dependency's call answers. Such a call isn't declared `throws`: whatever happens to the
/// dependency, the path goes on with one of these, and the case says how honest the value is.
public enum Served<Value: Sendable>: Sendable {
    /// The dependency answered.
    case live(Value)
    /// It didn't, for `reason`; this is what it answered `age` ago.
    case cached(Value, age: Duration, reason: Unavailability)
    /// It didn't, for `reason`; this was worked out without it.
    case computed(Value, reason: Unavailability)
    /// It didn't, for `reason`, and nothing can stand in for its answer.
    case absent(reason: Unavailability)

    /// The value, however it was come by; nil when there is none.
    public var value: Value? {
        switch self {
        case .live(let value), .cached(let value, _, _), .computed(let value, _): value
        case .absent: nil
        }
    }

    /// Why the value isn't live; nil when it is.
    public var reason: Unavailability? {
        switch self {
        case .live: nil
        case .cached(_, _, let reason), .computed(_, let reason), .absent(let reason): reason
        }
    }
}

/// What an ``OptionalOperation``'s fallback offers in place of an answer. It can't fail: where there is
/// nothing, it says so.
public enum Fallback<Value: Sendable>: Sendable {
    /// The last good answer, and how old it is.
    case cached(Value, age: Duration)
    /// A sensible value worked out from what is known here.
    case computed(Value)
    /// Nothing; the path goes on without.
    case absent
}
