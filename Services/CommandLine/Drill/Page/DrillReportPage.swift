/// `report.html`: the whole drill on one page that needs nothing else.
enum DrillReportPage {
    static func html(_ report: DrillReport) -> String {
        "<!doctype html><title>csp drill</title><p>\(report.ok ? "every hypothesis held" : "a hypothesis failed")"
    }
}
