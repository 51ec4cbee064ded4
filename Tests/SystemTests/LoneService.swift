import Contracts
import Foundation
import TestSupport
import Testing
import Transport

/// One service in its own process, started as in a container: by a shell script.
struct LoneService: Sendable {
    let process: ChildProcess
    /// The URL from its log.
    let url: String
    let port: Int
    let client: HTTPClient

    /// The checkout's catalogue, above the executables.
    static let seedFolder: String = {
        var folder = Executables.folder
        while folder.path != "/" {
            let seed = folder.appending(path: "Data/journey").path
            if FileManager.default.fileExists(atPath: seed) { return seed }
            folder = folder.deletingLastPathComponent()
        }
        return "Data/journey"
    }()

    /// Returns once it listens.
    ///
    /// - Parameters:
    ///   - port: 0 for a free one.
    ///   - script: what the shell does before it becomes the service.
    ///   - hasOwnMounts: whether it has its own mount namespace, which needs root.
    ///   - executables: their folder, after the script.
    init(
        _ name: String, host: String = "127.0.0.1", port: Int = 0, data: String, after script: String = ":",
        hasOwnMounts: Bool = false, executables: String = Executables.folder.path,
        settings: [String: String] = [:],
        client: HTTPClient
    ) async throws {
        let environment = [
            "HTTP_HOST": host, "HTTP_PORT": "\(port)", "DATA_DIR": data, "SERVICE_TOKEN": TestTokens.service,
            "SEED_DIR": Self.seedFolder, "LOG_LEVEL": "info", "SHED_MINIMUM": "1000",
            "SHED_MAX_QUEUE_TIME": "1m",
        ].merging(settings) { $1 }
        let shell = ["/bin/sh", "-e", "-c", script + "\nexec \"$0\"", "\(executables)/\(name)"]
        let words = (hasOwnMounts ? ["/usr/bin/unshare", "-m"] : []) + shell
        let folder = try TemporaryFolder()
        let log = try folder.write("", to: "log")
        process = try ChildProcess(
            words[0], Array(words.dropFirst()), environment: environment, output: log, errors: log)
        self.client = client
        var text = ""
        var url: Substring?
        while url == nil {
            try #require(process.isRunning, "\(name) ended before it listened: \(text)")
            text = try String(contentsOfFile: log, encoding: .utf8)
            url = text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("url=http") }?.dropFirst(4)
            await Task.yield()
        }
        self.url = try String(#require(url))
        self.port = try #require(Int(self.url.split(separator: ":").last ?? ""))
    }

    static let canHaveOwnMounts: Bool = {
        let script = "mount -t tmpfs csp-test /mnt"
        let process = try? ChildProcess("/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        return process?.waitUntilEnd() == 0
    }()
    static let reason = "a process can't have mounts of its own here (that takes root)"

    func get(_ path: String) async throws -> HTTPClient.Response { try await send("GET", path) }

    func post(_ path: String, _ value: some Encodable, key: String? = nil) async throws -> HTTPClient.Response
    {
        try await send("POST", path, body: Array(JSON.encode(value)), key: key)
    }

    private func send(_ method: String, _ path: String, body: [UInt8]? = nil, key: String? = nil) async throws
        -> HTTPClient.Response
    {
        var request = HTTPClient.Request(
            method: method, url: url + path, body: body, connectTimeout: .seconds(30), timeout: .seconds(30))
        request.headers = [
            (name: "Authorization", value: "Bearer \(TestTokens.service)"),
            (name: "Content-Type", value: "application/json"),
        ]
        if let key { request.headers.append((name: "Idempotency-Key", value: key)) }
        return try await client.send(request)
    }

    func untilReady() async throws {
        while (try? await get("/readyz"))?.status != 200 {
            try Task.checkCancellation()
            try #require(process.isRunning, "\(url) ended before it was ready")
            await Task.yield()
        }
    }

    /// SIGKILL; returns when it has ended.
    func kill() async {
        Foundation.kill(process.pid, SIGKILL)
        _ = await process.end()
    }
}

/// The most lines that a basket may have, of products across the catalogue, so that each is on another page
/// of the file.
func largestBasket() throws -> [ItemQuantity] {
    let rows = try String(contentsOfFile: LoneService.seedFolder + "/products.csv", encoding: .utf8)
    let skus = rows.split(separator: "\n").dropFirst().filter { !$0.hasSuffix(",0") }.map {
        $0.prefix { $0 != "," }
    }.sorted()
    return stride(from: 0, to: skus.count, by: skus.count / 100 + 1).map {
        ItemQuantity(sku: String(skus[$0]), quantity: 1)
    }
}
