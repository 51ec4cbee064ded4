import Contracts
import Foundation
import StackView
import Transport

/// Asks the services of a stack for copies of their stores.
struct BackupServices: Sendable {
    let record: StackRecord
    let token: String
    /// How long one copy may take.
    let wait: Duration
    /// ` --data DIR` for commands that are suggested.
    let option: String
    let client: HTTPClient

    /// Why the service will make no copy; nil if it answers.
    func problem(_ name: ServiceName) async -> String? {
        guard let service = record[name] else { return "this stack has no \(name)" }
        if let stopped = stopped(service) { return "\(name) \(stopped)" }
        let request = HTTPClient.Request(
            url: "\(service.url)/livez", service: name.rawValue, connectTimeout: .seconds(1),
            timeout: .seconds(2))
        do {
            _ = try await client.send(request)
            return nil
        } catch {
            return "\(name) doesn't answer at \(service.url), so it makes no copy: \(error.words)"
        }
    }

    private func stopped(_ service: StackRecord.Service) -> String? {
        switch service.process.activity {
        case .running: nil
        case .stopped: "is frozen, so it makes no copy; csp thaw \(service.name)\(option) lets it go on"
        case .gone: "is dead, so it makes no copy; csp start \(service.name)\(option) brings it back"
        }
    }

    /// - Returns: the copy's size.
    func copy(_ name: ServiceName, to path: String) async throws(Failure) -> Int64 {
        guard let service = record[name] else { throw Failure("this stack has no \(name)") }
        let end = await withTaskGroup { group in
            group.addTask { () async -> Result<Int64, Failure> in
                do throws(Failure) {
                    return .success(try await ask(service, for: path))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { await stopping(service) }
            defer { group.cancelAll() }
            return await group.next()
        }
        guard let end else { throw Failure("\(name) made no copy") }
        return try end.get()
    }

    /// Returns when the service is frozen or dead: it will not answer then.
    private func stopping(_ service: StackRecord.Service) async -> Result<Int64, Failure> {
        while !Task.isCancelled {
            if let stopped = stopped(service) { return .failure(Failure("\(service.name) \(stopped)")) }
            try? await Task.sleep(for: .milliseconds(100))
        }
        return .failure(Failure("given up"))
    }

    private func ask(_ service: StackRecord.Service, for path: String) async throws(Failure) -> Int64 {
        let name = service.name
        var request = HTTPClient.Request(
            method: "POST", url: "\(service.url)/backup", connectTimeout: .seconds(1), timeout: wait)
        request.headers = [
            (name: "Authorization", value: "Bearer \(token)"),
            (name: "Content-Type", value: "application/json"),
        ]
        let answer: HTTPClient.Response
        do {
            request.body = Array(try JSON.encode(BackupRequest(path: path)))
            answer = try await client.send(request)
        } catch {
            throw Failure("\(name) made no copy: \((error as? HTTPClientError)?.words ?? "\(error)")")
        }
        let body = Data(answer.body)
        if answer.status == 201, let receipt = try? JSON.decode(BackupReceipt.self, from: body) {
            return receipt.bytes
        }
        let problem = try? JSON.decode(ProblemDocument.self, from: body)
        let details = (problem?.errors ?? []).map(\.detail)
        let words =
            details.isEmpty
            ? problem?.detail ?? "an answer that isn't in the contract" : details.joined(separator: ", ")
        throw Failure(
            "\(name) made no copy at \(path): \(words) (\(problem?.code ?? "status"), \(answer.status))")
    }
}
