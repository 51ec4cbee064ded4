import Contracts
import Foundation

/// Default locations of the services' executables and the catalogue.
enum Paths {
    /// The folder of csp's own executable, links resolved.
    static func executables() -> String {
        let own =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? ProcessInfo.processInfo.arguments[0]
        return URL(filePath: own).deletingLastPathComponent().path
    }

    /// - Throws: ``Failure`` when it isn't there.
    static func executable(of name: ServiceName) throws -> String {
        let path = "\(executables())/\(name.rawValue)"
        guard access(path, X_OK) == 0 else { throw Failure("there is no executable \(path)") }
        return path
    }

    /// `SEED_DIR`, else the nearest `Data/journey` from the executable's folder upwards, else the one below
    /// the working folder.
    static func seedFolder(environment: [String: String] = ProcessInfo.processInfo.environment) throws
        -> String
    {
        if let given = environment["SEED_DIR"], !given.isEmpty {
            return URL(filePath: given).standardizedFileURL.path
        }
        var folder = URL(filePath: executables())
        var candidates = [folder]
        while folder.path != "/" {
            folder = folder.deletingLastPathComponent()
            candidates.append(folder)
        }
        candidates.append(URL(filePath: FileManager.default.currentDirectoryPath))
        let found = candidates.map { $0.appending(path: "Data/journey").path }.first {
            FileManager.default.fileExists(atPath: $0)
        }
        guard let found else {
            throw Failure(
                "no catalogue found: no folder Data/journey above \(executables()) or here; set SEED_DIR")
        }
        return found
    }
}
