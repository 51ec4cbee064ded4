import ArgumentParser
import Foundation
import StackView

struct Kill: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill a service (SIGKILL): it gets no chance to finish anything.",
        discussion: """
            Returns once it is gone. What it has acknowledged is on its disk; csp start brings it back.

            Example: csp kill coupon
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var argument: ServiceArgument

    func run() async throws {
        let name = argument.service
        guard let service = try data.folder.record()[name] else { throw Failure("this stack has no \(name)") }
        guard service.process.isAlive else { return Terminal.print("\(name) is dead already.") }
        service.process.send(SIGKILL)
        guard await service.process.waitUntil({ $0 == .gone }) else {
            throw Failure("\(name) (pid \(service.process.pid)) does not end")
        }
        Terminal.print(
            """
            \(name) (pid \(service.process.pid)) is dead; csp start \(name)\(data.folder.option) brings it \
            back.
            """)
    }
}
