import ArgumentParser
import Contracts
import Foundation
import Transport

/// `csp order ID`.
struct ShowOrder: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        commandName: "order",
        abstract:
            "Print an order and its timeline: every step that was taken, retried, degraded or repaired.",
        discussion: """
            Example: csp order ord_01KE6Z8F3Q5N0V7J2T4B6C8D9E
            """
    )

    @OptionGroup var data: DataFolderOption
    @OptionGroup var order: OrderURLOption

    @Argument(help: "Of the order, as csp place prints it.")
    var id: String

    @Flag(help: "Print JSON: the order, and its timeline.")
    var json = false

    struct Report: Encodable {
        var order: OrderDocument
        var timeline: [TimelineEntry]

        var text: String {
            let steps = timeline.map { entry in
                let outcome = "\(Terminal.column(entry.step, 20))  \(Terminal.column(entry.outcome, 14))"
                return "  \(entry.at)  \(outcome)  \(entry.detail)".trimmingSuffix(of: " ")
            }
            let times = [
                ("customer", order.customerId), ("placed", "\(order.createdAt)"),
                ("changed", "\(order.updatedAt)"),
            ]
            return (OrderStory(order: order).lines(more: times) + ["", "Its way:"] + steps).joined(
                separator: "\n")
        }
    }

    func run() async throws {
        let client = HTTPClient()
        defer { client.shutdown() }
        let api = ServiceAPI(url: try order.url(data.folder), client: client)
        let path = "/orders/\(id.percentEncoded)"
        let report = Report(
            order: try await api.ask("GET", path, as: OrderDocument.self),
            timeline: try await api.ask("GET", "\(path)/timeline", as: Page<TimelineEntry>.self).items)
        Terminal.print(json ? try Terminal.json(report) : report.text)
    }
}

extension String {
    fileprivate func trimmingSuffix(of character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}
