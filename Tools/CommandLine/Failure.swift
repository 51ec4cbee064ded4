/// Why a command failed, in one line that names what and where. Ends the command with exit code 1.
struct Failure: Error, Equatable {
    var message: String

    init(_ message: String) { self.message = message }
}
