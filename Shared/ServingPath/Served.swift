/// What an optional dependency's call answers. Such a call isn't declared `throws`: whatever happens to the
/// dependency, the path goes on with one of these, and the case says where the value comes from.
public enum Served<Value: Sendable>: Sendable {
    /// The dependency answered.
    case live(Value)
    /// It didn't, for `reason`; this is what it answered `age` ago.
    case cached(Value, age: Duration, reason: Unavailability)
    /// It didn't, for `reason`; this was computed without it.
    case computed(Value, reason: Unavailability)
    /// It didn't, for `reason`, and there is no substitute for its answer.
    case absent(reason: Unavailability)

    /// The value, wherever it comes from; nil when there is none.
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

/// What an ``OptionalOperation``'s fallback offers instead of an answer. It can't fail: ``absent`` says that
/// there is nothing.
public enum Fallback<Value: Sendable>: Sendable {
    /// The last good answer, and how old it is.
    case cached(Value, age: Duration)
    /// A value computed from what is known here.
    case computed(Value)
    /// Nothing; the path goes on without.
    case absent
}
