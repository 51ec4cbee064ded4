import ArgumentParser
import Foundation

/// Exit code and output of a command that threw: 0 for help, 1 for a failure, 2 for wrong usage.
struct CommandEnd {
    var code: Int32
    /// For stdout.
    var help: String?
    /// For stderr, one line; nil where the command has reported its failure already.
    var problem: String?

    init(_ error: any Error, arguments: [String]) {
        if let failure = error as? Failure {
            code = 1
            problem = failure.message
            return
        }
        let exitCode = CSP.exitCode(for: error)
        let message = Self.oneLine(CSP.message(for: error))
        switch exitCode {
        case .success:
            code = 0
            help = CSP.fullMessage(for: error)
        case .validationFailure:
            // ArgumentParser's own code for wrong usage is 64.
            code = 2
            problem = "\(message); see \(Self.helpCommand(arguments))"
        default:
            code = exitCode.rawValue
            problem = message.isEmpty ? nil : message
        }
    }

    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .joined(
                separator: " ")
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }

    private static func helpCommand(_ arguments: [String]) -> String {
        let names = CSP.configuration.subcommands.map { $0._commandName }
        return (["csp"] + arguments.prefix { names.contains($0) }.prefix(1) + ["--help"]).joined(
            separator: " ")
    }
}
