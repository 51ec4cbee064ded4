import ArgumentParser
import Foundation
import StackView

struct Thaw: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a frozen service go on (SIGCONT).",
        discussion: """
            It goes on where it was, with what has piled up in the meantime.

            Example: csp thaw coupon
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
        guard service.process.activity == .stopped else {
            return Terminal.print("\(name) (pid \(service.process.pid)) is not frozen.")
        }
        service.process.send(SIGCONT)
        guard await service.process.waitUntil({ $0 != .stopped }) else {
            throw Failure("\(name) does not go on")
        }
        Terminal.print("\(name) (pid \(service.process.pid)) goes on.")
    }
}
