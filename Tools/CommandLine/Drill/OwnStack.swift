import Contracts
import Foundation
import StackView
import Transport

/// The drill's own stack, on free ports and in a temporary folder that is removed at the end.
struct OwnStack: Sendable {
    private static let prefix = "csp-drill-"

    let stack: DrillStack

    /// Returns once it is ready.
    ///
    /// - Parameters:
    ///   - mode: `CSP_MODE` of the services.
    ///   - settings: further environment; the drill's own environment takes precedence.
    static func start(
        _ mode: DrillRun.Mode, settings: [String: String] = [:], _ client: HTTPClient, _ signals: StopSignals
    ) async throws -> OwnStack {
        let path = NSTemporaryDirectory() + "/" + prefix + randomHex(UInt64.self)
        let folder = StackFolder(path: path)
        do {
            try folder.prepare()
            try DrillNote.write(to: folder)
            var environment = ProcessInfo.processInfo.environment.merging(settings) { own, _ in own }
            environment["FAULTS_ENABLED"] = "true"
            environment["CSP_MODE"] = mode.rawValue
            let tokens = try Tokens.establish(in: folder, environment: [:])
            let launch = Launch(folder: folder, tokens: tokens, client: client) { signals.count > 0 }
            let seeds = try DrillSeeds.write(to: "\(path)/seeds", from: Paths.seedFolder())
            let record = StackRecord.new(ports: try freePorts(), seedFolder: seeds, environment: environment)
            let (_, started) = try folder.locked { try launch.spawnAll(record) }
            try await launch.waitUntilReady(started)
            return OwnStack(stack: try DrillStack(folder: folder, client: client) { signals.count > 0 })
        } catch {
            await stop(folder) { signals.count > 0 }
            throw error
        }
    }

    /// - Parameter isUrgent: polled while its services end; true kills them at once.
    func stop(isUrgent: @escaping @Sendable () -> Bool) async {
        await Self.stop(stack.folder, isUrgent: isUrgent)
    }

    /// Stops and removes those whose drills were killed.
    static func stopAbandoned() async {
        let folder = NSTemporaryDirectory()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let left = StackFolder(path: "\(folder)/\(name)")
            guard let drill = DrillNote.drill(on: left), !drill.isAlive else { continue }
            await stop(left) { true }
        }
    }

    private static func stop(_ folder: StackFolder, isUrgent: () -> Bool) async {
        if let record = try? folder.recordIfAny() {
            _ = await record.stop(isUrgent: isUrgent)
            for service in record.services { _ = ending(ofChild: service.process.pid) }
        }
        try? FileManager.default.removeItem(atPath: folder.path)
    }

    /// The base of six free ports in a row, below the range of ephemeral ports.
    private static func freePorts() throws -> Int {
        for _ in 0..<1000 {
            let base = Int.random(in: 10_000...30_000)
            if (base...base + 5).allSatisfy({ PortCheck.check(host: "127.0.0.1", port: $0) == .free }) {
                return base
            }
        }
        throw Failure("no six free ports in a row between 10000 and 30000")
    }
}

/// The catalogue for a drill: the project's own, with a stock that no drill can use up.
enum DrillSeeds {
    static func write(to folder: String, from source: String) throws -> String {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for name in ["coupons.csv", "orders.jsonl"] {
                try FileManager.default.copyItem(atPath: "\(source)/\(name)", toPath: "\(folder)/\(name)")
            }
            let products = try String(contentsOfFile: "\(source)/products.csv", encoding: .utf8)
            try plenty(products).write(toFile: "\(folder)/products.csv", atomically: true, encoding: .utf8)
        } catch {
            throw Failure(
                "the catalogue in \(source) can't be copied to \(folder): \(error.localizedDescription)")
        }
        return folder
    }

    /// Each product's stock, its last column, a million.
    static func plenty(_ products: String) -> String {
        let lines = products.split(separator: "\n")
        let plentiful = lines.dropFirst().map { line in
            line.lastIndex(of: ",").map { "\(line[...$0])1000000" } ?? String(line)
        }
        return (lines.prefix(1).map(String.init) + plentiful).joined(separator: "\n") + "\n"
    }
}
