import Contracts
import Foundation
import StackView

extension StackRecord {
    /// A stack that isn't started yet.
    static func new(ports: Int, seedFolder: String, environment: [String: String]) -> StackRecord {
        let host = environment["HTTP_HOST"].flatMap { $0.isEmpty ? nil : $0 } ?? "127.0.0.1"
        let none = ProcessIdentity(pid: 0, startTime: 0)
        return StackRecord(
            instance: randomHex(UInt64.self), basePort: ports, host: host, seedFolder: seedFolder,
            stopping: false,
            environment: kept(environment),
            services: ServiceName.allCases.map { name in
                let port = ports + name.portOffset
                return .init(name: name, url: url(host: host, port: port), port: port, process: none)
            })
    }
}

extension StackRecord {
    /// The services at the addresses by which they find each other (`ORDER_URL`, …), as a command finds them
    /// that runs in one of their containers; nil unless there is one of each. The console may be missing.
    static func elsewhere(_ environment: [String: String]) -> StackRecord? {
        let services = ServiceName.allCases.compactMap { name in
            environment[name.urlKey].map { Service(name: name, url: $0, port: 0, process: .elsewhere) }
        }
        let others = Set(ServiceName.allCases).subtracting([.console])
        guard others.isSubset(of: services.map(\.name)) else { return nil }
        return StackRecord(
            instance: "", basePort: 0, host: "", seedFolder: "", stopping: false, environment: [:],
            services: services)
    }
}

extension Launch {
    /// Starts every service, and writes the record; to be called under the folder's lock. Executables and
    /// ports are checked first, so that a stack is started as a whole or not at all.
    func spawnAll(_ new: StackRecord) throws -> (StackRecord, [Started]) {
        if let running = try folder.recordIfAny()?.services.first(where: \.process.isAlive) {
            throw Failure(
                "a stack is already running on \(folder.path) (\(running.name) pid \(running.process.pid)); "
                    + "csp down\(folder.option) stops it")
        }
        var record = new
        for service in record.services {
            _ = try Paths.executable(of: service.name)
            switch PortCheck.check(host: record.host, port: service.port) {
            case .free: break
            case .taken:
                throw Failure(
                    "port \(service.port) (\(service.name)) is already in use; choose others with --ports")
            case .refused(let why):
                throw Failure("\(service.name) can't listen on \(record.host) port \(service.port): \(why)")
            }
        }
        var started: [Started] = []
        do {
            for name in ServiceName.allCases { started.append(try spawn(name, of: &record)) }
            try folder.write(record)
        } catch {
            for one in started { one.service.process.send(SIGKILL) }
            throw error
        }
        return (record, started)
    }

    /// Starts a service that is dead, of a stack that is there; nil if it is alive. ``waitUntilReady(_:)``
    /// says when it serves.
    func spawnAgain(_ name: ServiceName) throws -> Started? {
        try folder.locked {
            var record = try folder.record()
            guard record[name]?.process.isAlive != true else { return nil }
            record.stopping = false
            let started = try spawn(name, of: &record)
            do {
                try folder.write(record)
            } catch {
                // A process that the record doesn't know could not be stopped later.
                started.service.process.send(SIGKILL)
                throw error
            }
            return started
        }
    }
}
