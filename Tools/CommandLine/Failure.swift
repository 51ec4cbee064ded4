/// Why a command could not do what it was asked: one line for a person, naming what and where. Ends it with
/// exit code 1.
struct Failure: Error, Equatable {
    var message: String

    init(_ message: String) { self.message = message }
}
