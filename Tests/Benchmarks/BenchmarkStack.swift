import Contracts
import Foundation
import Transport

/// The benchmark's own stack: started with `csp up`, on free ports and in a folder that is removed
/// afterwards.
final class BenchmarkStack {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private struct Status: Decodable {
        struct Service: Decodable {
            var name: String
            var url: String
            var pid: Int32?
        }
        var services: [Service]
    }

    let folder = FileManager.default.temporaryDirectory.appending(path: "csp-bench-\(UUID().uuidString)").path
    private let binaries: URL
    private var services: [Status.Service] = []

    init() throws {
        guard let binary = Bundle.main.executableURL else {
            throw Failure(description: "no folder of executables")
        }
        binaries = binary.resolvingSymlinksInPath().deletingLastPathComponent()
    }

    var orderURL: String { url("order") }

    func url(_ service: String) -> String { services.first { $0.name == service }?.url ?? "" }

    /// The journey is in the checkout above the executables.
    var seedFolder: String {
        var folder = binaries
        while folder.path != "/" {
            let journey = folder.appending(path: "Data/journey").path
            if FileManager.default.fileExists(atPath: journey) { return journey }
            folder.deleteLastPathComponent()
        }
        return "Data/journey"
    }

    /// - Parameter seedFolder: of the catalogue; the journey's, if none is given.
    func start(seedFolder: String? = nil, environment: [String: String] = [:]) throws {
        for (key, value) in environment { setenv(key, value, 1) }
        defer { for key in environment.keys { unsetenv(key) } }
        if let seedFolder { setenv("SEED_DIR", seedFolder, 1) }
        // A random base below the range of ephemeral ports; csp reports a taken port.
        let base = Int.random(in: 10_000...30_000)
        _ = try csp("up", "--detach", "--data", folder, "--ports", "\(base)")
        services = try JSON.decode(Status.self, from: csp("status", "--json", "--data", folder)).services
    }

    /// `csp kill console`, and the like.
    func control(_ action: String, _ service: String) throws {
        _ = try csp(action, service, "--data", folder)
        services = try JSON.decode(
            Status.self, from: csp("status", "--json", "--data", folder, mayFail: true)
        ).services
    }

    func stop() {
        _ = try? csp("down", "--data", folder)
        try? FileManager.default.removeItem(atPath: folder)
        try? FileManager.default.removeItem(atPath: folder + "-seed")
    }

    /// Waits until every service's queue is empty; the console's always is, and it may be frozen.
    func drain(_ client: HTTPClient) async throws {
        for service in services where service.name != "console" {
            while true {
                let answer = try await client.send(
                    HTTPClient.Request(method: "GET", url: service.url + "/queue"))
                let status = try JSON.decode(QueueStatus.self, from: Data(answer.body))
                if status.ready + status.leased + status.delayed == 0 { break }
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    func cpu() -> [(name: String, seconds: Double)] {
        services.map { ($0.name, $0.pid.map { CPUTime.of(pid: $0) } ?? 0) }
    }

    func memory() -> [(name: String, mebibytes: Double)] {
        services.map { ($0.name, $0.pid.map { CPUTime.residentMiB(pid: $0) } ?? 0) }
    }

    private func csp(_ arguments: String..., mayFail: Bool = false) throws -> Data {
        let process = Process()
        process.executableURL = binaries.appending(path: "csp")
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 || mayFail else {
            throw Failure(
                description: "csp \(arguments.joined(separator: " ")) ended with \(process.terminationStatus)"
            )
        }
        return data
    }
}
