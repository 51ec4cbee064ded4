import Contracts
import Foundation
import HTTPTypes
import Transport

/// How things are, for customers: without a login, in their words.
struct StatusRoutes: Sendable {
    let board: StatusBoard
    /// Of the console, as people reach it.
    let link: String

    var routes: [Route] {
        [
            .get("/status", query: .checked) { call in
                let page = try StatusPage(status: status())
                return try Self.answer(page.html([Self.language(call)]), "text/html; charset=utf-8")
            },
            .get("/status.rss", query: .checked) { call in
                let page = try StatusPage(status: status())
                return try Self.answer(
                    page.rss(Self.language(call), link: link), "application/rss+xml; charset=utf-8")
            },
            .get("/api/status") { _ in try .json(200, status()) },
        ]
    }

    private func status() throws -> StatusDocument {
        guard let status = board.status else { throw ConsoleRoutes.nothingYet }
        return status
    }

    /// That of `?lang=`, else the first that the browser asks for and the page has.
    private static func language(_ call: Call) throws -> String {
        var check = FieldCheck()
        call.refuseQuery(except: ["lang"], &check)
        let asked = call.query("lang", as: Language.self, &check)
        try check.finish()
        if let asked { return asked.rawValue }
        let accepted = (call.header(.acceptLanguage) ?? "").split(separator: ",")
            .map { $0.trimmingCharacters(in: .whitespaces).prefix(2).lowercased() }
        return accepted.first { Language(rawValue: $0) != nil } ?? "en"
    }

    private static func answer(_ text: String, _ type: String) -> Answer {
        var headers: HTTPFields = [
            .contentType: type, .cacheControl: "no-cache", .xContentTypeOptions: "nosniff",
        ]
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
        return Answer(status: 200, headers: headers, body: Data(text.utf8))
    }
}
