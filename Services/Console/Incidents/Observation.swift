import Contracts

/// What is wrong at one time.
struct Observation: Sendable {
    struct Item: Sendable, Hashable {
        var symptom: Symptom
        var since: Timestamp

        init(_ symptom: Symptom, _ since: Timestamp) {
            self.symptom = symptom
            self.since = since
        }
    }

    var at: Timestamp
    var graph: PathGraph
    var present: [Item]
    /// Not seen for some seconds, and not over yet.
    var fading: [Item] = []
    /// Whether what isn't seen isn't there: the console has watched for long enough.
    var isSettled: Bool
}
