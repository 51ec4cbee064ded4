import ArgumentParser
import Foundation
import StackView

struct Freeze: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Freeze a service (SIGSTOP): it still takes connections, and never answers.",
        discussion: """
            The hardest of outages, for nothing is refused. csp thaw ends it.

            Example: csp freeze coupon
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var argument: ServiceArgument

    func run() async throws {
        let name = argument.service
        guard let service = try data.folder.record()[name] else { throw Failure("this stack has no \(name)") }
        guard service.process.isAlive else {
            throw Failure("\(name) is dead; csp start \(name)\(data.folder.option) brings it back")
        }
        service.process.send(SIGSTOP)
        guard await service.process.waitUntil({ $0 == .stopped }) else {
            throw Failure("\(name) does not freeze")
        }
        Terminal.print(
            "\(name) (pid \(service.process.pid)) is frozen; csp thaw \(name)\(data.folder.option) ends it.")
    }
}
