import ArgumentParser
import Contracts
import Foundation
import Transport

struct Backup: AsyncParsableCommand, StackCommand {
    static let configuration = CommandConfiguration(
        abstract: "Copy every service's store while it is used.",
        discussion: """
            Asks each running service for a copy: DIR/order/order.sqlite first, the others after it. \
            DIR is made, for its owner alone, and can be given to csp up --data, as it is or copied first.

            What customers do meanwhile may have left traces in the later copies that order's doesn't \
            know: csp audit names them after a restore, and Docs/backup-and-restore.md says how to undo them.

            Example: csp backup /var/backups/shop-monday
            """
    )

    @Argument(help: ArgumentHelp("A folder to be made, or one without copies in it.", valueName: "dir"))
    var directory: String

    @OptionGroup var data: DataFolderOption

    @Flag(help: "Print JSON.")
    var json = false

    struct Report: Encodable {
        struct Copy: Encodable {
            var service: ServiceName
            var path: String
            var bytes: Int64?
            /// Why there is no copy.
            var problem: String?
        }

        var directory: String
        var copies: [Copy]
    }

    func run() async throws {
        let record = try data.folder.record()
        let target = StackFolder(path: directory)
        try prepare(target)
        let client = HTTPClient()
        defer { client.shutdown() }
        let token = try Tokens.read(from: data.folder).adminToken
        var copies: [Report.Copy] = []
        // Order is the first of them: nothing that it knows of is missing from the others' copies.
        for name in ServiceName.allCases {
            let path = "\(target.data(of: name))/\(name.rawValue).sqlite"
            var copy = Report.Copy(service: name, path: path)
            do {
                copy.bytes = try await askForCopy(record[name], named: name, at: path, token: token, client: client)
            } catch {
                copy.problem = error.message
            }
            copies.append(copy)
            if !json { copy.problem.map(Terminal.error) ?? Terminal.print(line(copy)) }
        }
        if json { Terminal.print(try Terminal.json(Report(directory: target.path, copies: copies))) }
        if copies.contains(where: { $0.problem != nil }) { throw ExitCode(1) }
        if !json { Terminal.print("csp up --data \(directory) runs on it; csp audit --data \(directory) checks it.") }
    }

    /// The folders in which the services leave their copies.
    private func prepare(_ target: StackFolder) throws {
        for folder in [target.path] + ServiceName.allCases.map(target.data) {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            } catch {
                throw Failure("\(folder) can't be made: \(error.localizedDescription)")
            }
        }
    }

    /// - Returns: the copy's size.
    private func askForCopy(
        _ service: StackRecord.Service?, named name: ServiceName, at path: String, token: String, client: HTTPClient
    ) async throws(Failure) -> Int64 {
        guard let service, service.process.isAlive else {
            throw Failure("\(name) is dead, so it makes no copy; csp start \(name)\(data.folder.option) brings it back")
        }
        var request = HTTPClient.Request(
            method: "POST", url: "\(service.url)/backup", connectTimeout: .seconds(1), timeout: .seconds(600))
        request.headers = [
            (name: "Authorization", value: "Bearer \(token)"), (name: "Content-Type", value: "application/json"),
        ]
        let answer: HTTPClient.Response
        do {
            request.body = Array(try JSON.encode(BackupRequest(path: path)))
            answer = try await client.send(request)
        } catch {
            throw Failure("\(name) made no copy: \((error as? HTTPClientError)?.words ?? "\(error)")")
        }
        let body = Data(answer.body)
        if answer.status == 201, let receipt = try? JSON.decode(BackupReceipt.self, from: body) { return receipt.bytes }
        let problem = try? JSON.decode(ProblemDocument.self, from: body)
        let details = (problem?.errors ?? []).map(\.detail)
        let words =
            details.isEmpty ? problem?.detail ?? "an answer that isn't in the contract" : details.joined(separator: ", ")
        throw Failure("\(name) made no copy at \(path): \(words) (\(problem?.code ?? "status"), \(answer.status))")
    }

    private func line(_ copy: Report.Copy) -> String {
        let kibibytes = Double(copy.bytes ?? 0) / 1024
        let text = kibibytes < 1024 ? "\(Int(kibibytes)) KiB" : "\((kibibytes / 1024).rounded(places: 1)) MiB"
        return "\(Terminal.column(copy.service.rawValue, 14))\(Terminal.number(text, 12))  \(copy.path)"
    }
}
