import ArgumentParser
import Contracts
import Foundation
import StackView
import Transport

/// `csp incident`.
struct IncidentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "incident",
        abstract: "List, show and work on the incidents that the console records.",
        discussion: """
            Example: csp incident list
            Example: csp incident ack inc_01KE6Z8F3Q5N0V7J2T4B6C8D9E --by ada
            Example: csp incident postmortem inc_01KE6Z8F3Q5N0V7J2T4B6C8D9E --lang ko
            """,
        subcommands: [
            IncidentList.self, IncidentShow.self, IncidentOpen.self, IncidentAcknowledge.self,
            IncidentNote.self, IncidentResolve.self, IncidentPostmortem.self,
        ])
}

/// What every subcommand asks the console with.
protocol IncidentSubcommand: AsyncParsableCommand, StackCommand {}

extension IncidentSubcommand {
    /// - Throws: ``Failure`` where the stack has no console.
    func withConsole<Value>(
        changing: Bool = false, _ body: (ServiceAPI) async throws -> Value
    ) async throws -> Value {
        let client = HTTPClient()
        defer { client.shutdown() }
        guard let console = try data.folder.reachable()[.console] else {
            throw Failure("this stack has no console")
        }
        let token = changing ? try Tokens.known(\.adminToken, "ADMIN_TOKEN", in: data.folder) : nil
        return try await body(
            ServiceAPI(name: .console, url: console.url, client: client, adminToken: token))
    }

    /// Sends an action, and prints what became of the incident.
    func act(_ action: String, on id: String, text: String?, by: String?) async throws {
        let incident = try await withConsole(changing: true) { console in
            try await console.ask(
                "POST", "/api/incidents/\(id.percentEncoded)/\(action)",
                body: Array(try JSON.encode(IncidentRemark(text: text, by: by))), as: IncidentReport.self)
        }
        Terminal.print(incident.line)
    }
}

struct IncidentRemark: Encodable {
    var text: String?
    var by: String?
}

/// `--by`, and the incident's id.
struct IncidentArguments: ParsableArguments {
    @Argument(help: "Of the incident, as csp incident list prints it.")
    var id: String

    @Option(help: "Who you are: it stands in the timeline.")
    var by: String?
}

/// `csp incident list`.
struct IncidentList: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List incidents, the newest first.")

    enum Status: String, CaseIterable, ExpressibleByArgument {
        case detected, acknowledged, mitigated, resolved, reviewed
    }

    @OptionGroup var data: DataFolderOption

    @Option(help: "detected, acknowledged, mitigated, resolved or reviewed.")
    var status: Status?

    @Flag(help: "Print JSON, as GET /api/incidents has it.")
    var json = false

    func run() async throws {
        let path = "/api/incidents?limit=100" + (status.map { "&status=\($0.rawValue)" } ?? "")
        let answer = try await withConsole { try await $0.ask("GET", path) }
        if json { return Terminal.print(String(decoding: answer, as: UTF8.self)) }
        let incidents = try JSON.decode(Page<IncidentReport>.self, from: answer).items
        Terminal.print(incidents.isEmpty ? "No incident." : incidents.map(\.line).joined(separator: "\n"))
    }
}

/// `csp incident show ID`.
struct IncidentShow: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print an incident: its times, its impact, its timeline.")

    @OptionGroup var data: DataFolderOption

    @Argument(help: "Of the incident, as csp incident list prints it.")
    var id: String

    @Flag(help: "Print JSON, as GET /api/incidents/{id} has it.")
    var json = false

    func run() async throws {
        let answer = try await withConsole { try await $0.ask("GET", "/api/incidents/\(id.percentEncoded)") }
        if json { return Terminal.print(String(decoding: answer, as: UTF8.self)) }
        Terminal.print(try JSON.decode(IncidentReport.self, from: answer).text(option: data.folder.option))
    }
}

/// `csp incident open "…"`.
struct IncidentOpen: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open an incident that nothing has detected.")

    enum Priority: String, CaseIterable, ExpressibleByArgument {
        case p1 = "P1"
        case p2 = "P2"
        case p3 = "P3"
    }

    @OptionGroup var data: DataFolderOption

    @Argument(help: "What is wrong, in a few words.")
    var title: String

    @Option(help: "P1: customers can't buy. P2: something is lost or late for them. P3: it can wait.")
    var priority = Priority.p2

    @Option(help: "The service that broke, if it is known.")
    var service: ServiceName?

    @Option(help: "Who you are: it stands in the timeline.")
    var by: String?

    private struct Body: Encodable {
        var title: String
        var priority: String
        var services: [String]
        var by: String?
    }

    func run() async throws {
        let body = Body(
            title: title, priority: priority.rawValue, services: service.map { [$0.rawValue] } ?? [], by: by)
        let incident = try await withConsole(changing: true) { console in
            try await console.ask(
                "POST", "/api/incidents", body: Array(try JSON.encode(body)), as: IncidentReport.self)
        }
        Terminal.print(incident.line)
    }
}

/// `csp incident ack ID`.
struct IncidentAcknowledge: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Say that you are on it: it isn't escalated any more.")

    @OptionGroup var data: DataFolderOption
    @OptionGroup var incident: IncidentArguments

    func run() async throws {
        try await act("acknowledge", on: incident.id, text: nil, by: incident.by)
    }
}

/// `csp incident note ID "…"`.
struct IncidentNote: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "note", abstract: "Add a note to an incident's timeline.")

    @OptionGroup var data: DataFolderOption
    @OptionGroup var incident: IncidentArguments

    @Argument(help: "What you found or did.")
    var text: String

    func run() async throws { try await act("note", on: incident.id, text: text, by: incident.by) }
}

/// `csp incident resolve ID`.
struct IncidentResolve: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve", abstract: "End an incident; one that the console detected ends by itself.")

    @OptionGroup var data: DataFolderOption
    @OptionGroup var incident: IncidentArguments

    @Argument(help: "What ended it.")
    var text: String?

    func run() async throws { try await act("resolve", on: incident.id, text: text, by: incident.by) }
}

/// `csp incident postmortem ID`.
struct IncidentPostmortem: IncidentSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "postmortem",
        abstract: "Print the post-mortem as Markdown, filled in from the record.")

    enum Language: String, CaseIterable, ExpressibleByArgument { case en, ko }

    @OptionGroup var data: DataFolderOption

    @Argument(help: "Of the incident, as csp incident list prints it.")
    var id: String

    @Option(help: "en or ko.")
    var lang = Language.en

    func run() async throws {
        let path = "/api/incidents/\(id.percentEncoded)/postmortem.md?lang=\(lang.rawValue)"
        let text = try await withConsole { try await $0.ask("GET", path) }
        Terminal.print(String(decoding: text, as: UTF8.self))
    }
}
