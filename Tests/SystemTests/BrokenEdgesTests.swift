import Contracts
import Foundation
import TestSupport
import Testing

@Suite("Broken edges", .timeLimit(.minutes(20)), .serialized)
struct BrokenEdgesTests {

    @Test(
        "a service that can't write its message ends with its exit code all the same",
        arguments: ServiceName.allCases.map(\.rawValue))
    func unwritable(service: String) async throws {
        let process = try ChildProcess(
            Executables.folder.appending(path: service).path, [], environment: ["SERVICE_TOKEN": ""],
            output: "/dev/full",
            errors: "/dev/full")
        #expect(await process.end() == 78)
    }

    @Test(
        "on a full disk a dead service isn't started and says why, and the stack can be stopped",
        .enabled(if: SmallDisk.isPermitted, "\(SmallDisk.reason)"))
    func fullDisk() async throws {
        let folder = try TemporaryFolder()
        try await SmallDisk.with(at: folder.path, mebibytes: 64) { disk in
            try await withSystemStack(on: folder, environment: ["STORAGE_RESERVE": "0"]) { stack in
                try await stack.csp("kill", "coupon")
                for file in try FileManager.default.contentsOfDirectory(atPath: folder.path + "/coupon") {
                    try FileManager.default.removeItem(atPath: folder.path + "/coupon/" + file)
                }
                try disk.fill(leaving: 0)
                let start = try await stack.csp("start", "coupon", expecting: 1)
                #expect(
                    start.errors.contains("exit code 1") && start.errors.contains("is full"),
                    "\(start.errors)")
                let down = try await stack.csp("down")
                #expect(down.output.contains("Stopped order"), "\(down.output)")
                try await stack.csp("status", expecting: 1)
                #expect(try await stack.csp("down").output.contains("Nothing is running"))
                disk.clear()
                try await stack.csp("start", "coupon")
            }
        }
    }
}
