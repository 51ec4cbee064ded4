import Contracts
import Foundation
import HTTPTypes
import Transport

/// The page, and what it is drawn from.
struct ConsoleRoutes: Sendable {
    let board: Board

    var routes: [Route] {
        [
            .get("/") { _ in Self.page },
            .get("/orders/{id}", query: .ignored) { _ in Self.purchasePage },
            .get("/incidents", query: .ignored) { _ in Self.incidentsPage },
            .get("/incidents/{id}", query: .ignored) { _ in Self.incidentPage },
            .get("/assets/{name}") { call in
                guard let asset = Asset.all[call.parameter("name")] else {
                    throw Problem.notFound("There is nothing at this path.")
                }
                return asset
            },
            .get("/api/snapshot") { _ in
                guard let snapshot = board.snapshot else { throw Self.nothingYet }
                return .json(encoded: snapshot)
            },
            .get("/api/history") { _ in try .json(200, HistoryDocument(points: board.history)) },
            .get("/api/stream") { _ in
                Answer(
                    status: 200, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                    stream: board.subscribe())
            },
        ]
    }

    private static let page = Asset.answer(PackageResources.index_html, "text/html; charset=utf-8")

    private static let purchasePage = Asset.answer(PackageResources.order_html, "text/html; charset=utf-8")

    private static let incidentsPage = Asset.answer(
        PackageResources.incidents_html, "text/html; charset=utf-8")

    private static let incidentPage = Asset.answer(
        PackageResources.incident_html, "text/html; charset=utf-8")

    static let nothingYet = Problem.unavailable(
        "starting", "Nothing was read yet",
        "The console has just begun; the services are read once a second.",
        retryAfter: 1)
}

private struct HistoryDocument: Encodable {
    var points: [HistoryPoint]
}

/// What the page loads. Nothing comes from outside.
private enum Asset {
    static let all: [String: Answer] = [
        "console.css": answer(PackageResources.console_css, "text/css; charset=utf-8"),
        "app.js": script(PackageResources.app_js), "break.js": script(PackageResources.break_js),
        "charts.js": script(PackageResources.charts_js),
        "incident.css": answer(PackageResources.incident_css, "text/css; charset=utf-8"),
        "incident.js": script(PackageResources.incident_js),
        "incident-figures.js": script(PackageResources.incident_figures_js),
        "incident-record.js": script(PackageResources.incident_record_js),
        "incident-words.js": script(PackageResources.incident_words_js),
        "incidents.js": script(PackageResources.incidents_js),
        "polling.js": script(PackageResources.polling_js),
        "session.js": script(PackageResources.session_js),
        "order.css": answer(PackageResources.order_css, "text/css; charset=utf-8"),
        "order.js": script(PackageResources.order_js), "place.js": script(PackageResources.place_js),
        "receipt.js": script(PackageResources.receipt_js),
        "trace.js": script(PackageResources.trace_js),
        "waterfall.js": script(PackageResources.waterfall_js),
        "page.js": script(PackageResources.page_js), "path.js": script(PackageResources.path_js),
        "stories.js": script(PackageResources.stories_js),
        "text.en.js": script(PackageResources.text_en_js),
        "text.ko.js": script(PackageResources.text_ko_js),
    ]

    static func script(_ bytes: [UInt8]) -> Answer { answer(bytes, "text/javascript; charset=utf-8") }

    static func answer(_ bytes: [UInt8], _ type: String) -> Answer {
        var headers: HTTPFields = [
            .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
        ]
        headers[.contentSecurityPolicy] =
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"
        return Answer(status: 200, headers: headers, body: Data(bytes))
    }
}
