import Contracts
import Foundation

/// The files in the folder of a drill's report.
enum DrillFiles {
    /// Replaces the files of an earlier drill.
    static func write(_ report: DrillReport, to folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try Data((Terminal.json(report) + "\n").utf8).write(to: URL(filePath: "\(folder)/report.json"))
            try Data(DrillReportPage.html(report).utf8).write(to: URL(filePath: "\(folder)/report.html"))
            for page in ComparisonPage.all(report) {
                try Data(page.svg.utf8).write(to: URL(filePath: "\(folder)/\(page.name).svg"))
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
