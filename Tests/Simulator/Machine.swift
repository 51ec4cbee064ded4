import Contracts
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import Resilience
import Runtime
import ServiceLifecycle
import Storage
import Transport

/// The machine of one service: its disk and clock survive its process.
final class Machine: @unchecked Sendable {
    let name: String
    let disk: Disk
    private(set) var process: RunningProcess?
    /// Nanoseconds since the world began, when the process was started.
    private(set) var startedAt: Int64 = 0
    /// Since then.
    private(set) var failedWrites = 0
    /// Whether the wall clock was set since then.
    private(set) var isClockSet = false
    var isUnplugged = false
    /// How often its disk was restored from an older copy. Requests and answers of earlier processes are lost
    /// then: connections end with their process.
    private(set) var era = 0
    var isSlow = false
    /// How far the wall clock is from the truth, in milliseconds.
    var clockError: Int64 = 0 {
        didSet { isClockSet = true }
    }
    /// Called with each answer, when it is sent.
    var observe: (HTTPClient.Request, HTTPClient.Response) -> Void = { _, _ in }
    /// Called where it matters whether the process dies just now: it may. Given the request that it sends,
    /// or has its answer of.
    var danger: (HTTPClient.Request?) -> Void = { _ in }
    /// Called when a process begins to take requests.
    var ready: () -> Void = {}
    private let launch: (Machine, Bool) throws -> RunningProcess

    /// - Parameter launch: starts a process on the machine; the second parameter is `--accept-loss`.
    init(_ name: String, disk: Disk, launch: @escaping (Machine, Bool) throws -> RunningProcess) {
        self.name = name
        self.disk = disk
        self.launch = launch
    }

    var isListening: Bool { process?.isListening == true }

    func start(acceptingLoss: Bool = false) throws {
        guard process == nil else { return }
        (startedAt, failedWrites, isClockSet) = (Scheduler.shared.now, 0, false)
        process = try launch(self, acceptingLoss)
    }

    func crash() {
        process?.crash()
        process = nil
    }

    func restore(_ copy: DatabaseQueue) throws {
        try disk.restore(copy)
        era += 1
    }

    /// The failure of a write to the disk.
    func diskFailure(isFaulty: Bool) -> DiskFailure? {
        let scheduler = Scheduler.shared
        guard isFaulty, scheduler.dice.happens(4) else { return nil }
        failedWrites += 1
        return scheduler.dice.happens(700) ? .full : .interrupted
    }

    /// The latency of a disk operation in milliseconds.
    func diskLatency(isFaulty: Bool) -> Int64 {
        let scheduler = Scheduler.shared
        guard isFaulty, scheduler.dice.happens(100) else { return 0 }
        return scheduler.dice.happens(40) ? scheduler.dice.from(100, 3500) : scheduler.dice.from(1, 20)
    }
}

/// A running service: the real application, with its routes and background tasks.
final class RunningProcess: @unchecked Sendable {
    let host: Host
    fileprivate(set) var isListening = false
    private let responder: RouteResponder
    private var requests: [Int: () -> Void] = [:]
    private var lastRequest = 0

    /// Requests need a channel; nothing is sent over it.
    private static let channel = EmbeddedChannel()
    private static let silent = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }

    fileprivate init(host: Host, responder: RouteResponder) {
        self.host = host
        self.responder = responder
    }

    /// Starts `Application` on the machine's disk.
    static func launch<Application: ServiceApplication>(
        _ type: Application.Type, on machine: Machine, over network: Network, settings: [String: String],
        acceptingLoss: Bool
    ) throws -> RunningProcess {
        var values = [
            "DATA_DIR": "/nonexistent", "SERVICE_TOKEN": Tokens.service, "ADMIN_TOKEN": Tokens.administrator,
        ]
        values["STORAGE_RESERVE"] = "0"
        values.merge(settings) { $1 }
        var reader = Settings { [values] in values[$0] }
        var common = CommonConfiguration(reading: &reader)
        common.acceptsLoss = acceptingLoss
        let configuration = Application.Configuration(reading: &reader)
        guard reader.problems.isEmpty else {
            throw StartError(.configuration, reader.problems.joined(separator: "; "))
        }
        let host = Host(machine.name)
        let time = host.time
        var environment = ServiceEnvironment(
            common: common, logger: silent, http: network.sender(in: host, danger: { machine.danger($0) }),
            time: time,
            wall: { Timestamp(milliseconds: Timestamp.now().milliseconds + machine.clockError) })
        environment.openStore = { _, migrations in
            let engine = try MemoryEngine(
                machine.disk, in: host, migrations: migrations, acceptingLoss: acceptingLoss,
                latency: { machine.diskLatency(isFaulty: network.isFaulty) },
                failure: { machine.diskFailure(isFaulty: network.isFaulty) }, danger: { machine.danger(nil) })
            return Store(engine: engine, time: time)
        }
        environment.peerRecord = PeerRecord(kept: machine.disk.peers) { peers in
            if host.isAlive { machine.disk.peers = peers }
        }
        let service = try ServiceHost<Application>(configuration: configuration, environment: environment)
        let process = RunningProcess(host: host, responder: service.responder())
        Task {
            try? await service.application.prepare()
            service.beginServing()
            process.isListening = true
            machine.ready()
            for background in service.application.background { Task { try? await background.run() } }
        }
        return process
    }

    /// - Parameter died: called if the process dies before it has answered.
    func begin(died: @escaping () -> Void) -> Int {
        lastRequest += 1
        requests[lastRequest] = died
        return lastRequest
    }

    func end(_ request: Int) { requests[request] = nil }

    func crash() {
        host.crash()
        let cut = requests.sorted { $0.key < $1.key }
        requests = [:]
        for request in cut { request.value() }
    }

    /// The answer of the service's server.
    func respond(to request: HTTPClient.Request) async -> HTTPClient.Response {
        var fields = HTTPFields()
        for (name, value) in request.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        let head = HTTPRequest(
            method: HTTPRequest.Method(request.method) ?? .get, scheme: "http", authority: host.name,
            path: Trace.path(request), headerFields: fields)
        let context = ConnectionContext(
            source: ApplicationRequestContextSource(channel: Self.channel, logger: Self.silent))
        do {
            let response = try await responder.respond(
                to: Request(head: head, body: RequestBody(buffer: ByteBuffer(bytes: request.body ?? []))),
                context: context)
            let body = Body()
            try await response.body.write(BodyWriter(body: body))
            return HTTPClient.Response(
                status: Int(response.status.code),
                headers: response.headers.map { (name: $0.name.rawName, value: $0.value) }, body: body.bytes)
        } catch {
            return HTTPClient.Response(status: 500, body: Array("\(error)".utf8))
        }
    }

    private final class Body: @unchecked Sendable { var bytes: [UInt8] = [] }

    private struct BodyWriter: ResponseBodyWriter {
        let body: Body
        mutating func write(_ buffer: ByteBuffer) async throws { body.bytes += buffer.readableBytesView }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

enum Tokens {
    static let service = "simulated-service-token"
    static let administrator = "simulated-administrator-token"
}
