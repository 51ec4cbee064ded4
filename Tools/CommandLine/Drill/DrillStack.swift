import Contracts
import Foundation
import StackView
import Transport

/// The stack that is drilled, with the drill's operations on it.
struct DrillStack: Sendable {
    let folder: StackFolder
    let client: HTTPClient
    let launch: Launch
    let faults: FaultClient
    let seedFolder: String

    /// For a running stack.
    init(folder: StackFolder, client: HTTPClient, isInterrupted: @escaping @Sendable () -> Bool = { false })
        throws
    {
        self.folder = folder
        self.client = client
        launch = Launch(
            folder: folder, tokens: try Tokens.read(from: folder), client: client,
            isInterrupted: isInterrupted)
        faults = try FaultClient(folder: folder, http: client)
        seedFolder = try folder.record().seedFolder
    }

    /// Read each time: a restarted service has another pid.
    func service(_ name: ServiceName) throws -> StackRecord.Service {
        guard let service = try folder.record()[name] else { throw Failure("this stack has no \(name)") }
        return service
    }

    /// What order declares, with the state of its dependencies.
    func path() async throws -> PathDocument { try await reader().get(PathDocument.self, .order, "/csp") }

    func reader() throws -> StackReader {
        StackReader(record: try folder.record(), client: client, serviceToken: launch.tokens.serviceToken)
    }

    func start(_ name: ServiceName) async throws {
        if let started = try launch.spawnAgain(name) { try await launch.waitUntilReady([started]) }
    }

    /// Returns once each `/readyz` is 200.
    func waitUntilReady() async throws {
        try await launch.waitUntilReady(folder.record().services.map { .init(service: $0, logStart: 0) })
    }

    /// Throws unless all services are ready, faults are allowed and none is active.
    func check() async throws {
        for service in try folder.record().services {
            let state = await service.state(client)
            guard state == .ready else {
                throw Failure("\(service.name) is \(state.rawValue); a drill begins with everything ready")
            }
            guard try await faults.status(service).faults.isEmpty else {
                throw Failure("\(service.name) has faults already; csp fault clear\(folder.option) ends them")
            }
        }
    }

    /// Thaws and starts all services and clears their faults. Attempts every step, then throws the first
    /// error.
    func restore() async throws {
        var problem: (any Error)?
        for name in ServiceName.allCases {
            do {
                try service(name).process.send(SIGCONT)
                try await start(name)
                try await faults.clear(service(name))
            } catch {
                problem = problem ?? error
            }
        }
        if let problem { throw problem }
    }
}
