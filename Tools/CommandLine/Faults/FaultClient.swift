import Contracts
import Foundation
import StackView
import Transport

/// Sets, ends and reads the faults of a stack's services, over `/faults`.
struct FaultClient {
    let folder: StackFolder
    let adminToken: String
    let http: HTTPClient

    init(folder: StackFolder, http: HTTPClient) throws {
        self.folder = folder
        adminToken = try Tokens.known(\.adminToken, "ADMIN_TOKEN", in: folder)
        self.http = http
    }

    /// Replaces whatever is active in `service`.
    @discardableResult
    func set(_ faults: [FaultRequest], on service: StackRecord.Service) async throws(Failure) -> FaultStatus {
        try await ask("PUT", service, FaultSet(faults: faults))
    }

    /// Ends every fault of `service`.
    @discardableResult
    func clear(_ service: StackRecord.Service) async throws(Failure) -> FaultStatus {
        try await ask("DELETE", service)
    }

    /// The active faults of `service`, and how often each was injected.
    func status(_ service: StackRecord.Service) async throws(Failure) -> FaultStatus {
        try await ask("GET", service)
    }

    private func ask(_ method: String, _ service: StackRecord.Service, _ set: FaultSet? = nil)
        async throws(Failure)
        -> FaultStatus
    {
        let name = service.name
        guard service.process.isAlive else {
            throw Failure(
                "\(name) is dead, so it has no faults; csp start \(name)\(folder.option) brings it back")
        }
        if service.process.activity == .stopped {
            throw Failure(
                "\(name) is frozen, so it can't be asked; csp thaw \(name)\(folder.option) ends that")
        }
        var request = HTTPClient.Request(
            method: method, url: "\(service.url)/faults", connectTimeout: .seconds(1), timeout: .seconds(5))
        request.headers = [(name: "Authorization", value: "Bearer \(adminToken)")]
        let answer: HTTPClient.Response
        do {
            if let set {
                request.headers.append((name: "Content-Type", value: "application/json"))
                request.body = Array(try JSON.encode(set))
            }
            answer = try await http.send(request)
        } catch {
            throw Failure(
                """
                the faults of \(name) can't be asked for: \((error as? HTTPClientError)?.words ?? "\(error)")
                """)
        }
        if answer.status == 200, let status = try? JSON.decode(FaultStatus.self, from: Data(answer.body)) {
            return status
        }
        throw Failure(Self.words(for: answer, of: name))
    }

    private static func words(for answer: HTTPClient.Response, of name: ServiceName) -> String {
        guard let problem = try? JSON.decode(ProblemDocument.self, from: Data(answer.body)) else {
            return "\(name) answered \(answer.status), not as the contract says"
        }
        switch answer.status {
        case 404: return "this stack takes no faults; start it with FAULTS_ENABLED=true csp up"
        case 401: return "\(name) was started with another admin token than the one in tokens.json"
        default:
            let details = (problem.errors ?? []).map {
                "\($0.pointer.split(separator: "/").last ?? "") \($0.detail)"
            }
            return "\(name) refused: \(details.isEmpty ? problem.detail : details.joined(separator: "; "))"
        }
    }
}
