import Contracts
import Foundation

/// What a drill leaves behind in its report's folder.
enum DrillFiles {
    /// Replaces what an earlier drill left there.
    static func write(_ report: DrillReport, to folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data((Terminal.json(report) + "\n").utf8).write(to: URL(filePath: "\(folder)/report.json"))
            try Data(DrillReportPage.html(report).utf8).write(to: URL(filePath: "\(folder)/report.html"))
        } catch {
            throw Failure("the report can't be written to \(folder): \(error.localizedDescription)")
        }
    }
}
