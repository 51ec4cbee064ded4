import ArgumentParser
import Foundation

@main
struct Main {
    static func main() async {
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(ProcessInfo.processInfo.arguments.dropFirst())
        do {
            var command = try CSP.command(arguments)
            if let folder = CSP.folder(of: command) { await DrillNote.settle(folder) }
            try await command.run()
        } catch {
            let end = CommandEnd(error, arguments: arguments)
            if let help = end.help { Terminal.print(help) }
            if let problem = end.problem { Terminal.error(problem) }
            exit(end.code)
        }
    }
}
