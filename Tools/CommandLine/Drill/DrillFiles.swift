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
            for picture in ComparisonPage.all(report) {
                try Data(picture.svg.utf8).write(to: URL(filePath: "\(folder)/\(picture.name).svg"))
            }
            try writeForChaosToolkit(report, to: "\(folder)/chaos")
        } catch {
            throw Failure("the report can't be written to \(folder): \(error.localizedDescription)")
        }
    }

    private static func writeForChaosToolkit(_ report: DrillReport, to folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard let run = report.runs.first(where: { $0.mode == .protected }) else { return }
        for experiment in run.experiments {
            guard let file = ChaosToolkit(experiment, of: run, seed: report.seed) else { continue }
            try Data((Terminal.json(file) + "\n").utf8).write(
                to: URL(filePath: "\(folder)/\(experiment.name).json"))
        }
    }
}
