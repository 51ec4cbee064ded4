import Contracts

/// The status page as HTML and as RSS. It loads nothing and runs nothing, so that a plain web server can
/// serve it as a file.
struct StatusPage: Sendable {
    let status: StatusDocument

    /// - Parameter languages: one, or several one below the other.
    func html(_ languages: [String]) -> String {
        let first = languages.first ?? "en"
        let switches = Language.allCases.map(\.rawValue).map { language in
            let name = Self.names[language] ?? language
            return "<a href=\"?lang=\(language)\" lang=\"\(language)\">\(name)</a>"
        }
        return """
            <!doctype html>
            <html lang="\(first)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(Self.text(StatusText.title, first))</title>
            <link rel="alternate" type="application/rss+xml" title="RSS" href="/status.rss">
            <style>\(Self.style)</style>
            </head>
            <body>
            <main>
            \(languages.map(section).joined(separator: "\n"))
            </main>
            <footer>\(languages.count == 1 ? "<nav>\(switches.joined(separator: " "))</nav>" : "")</footer>
            </body>
            </html>

            """
    }

    private func section(_ language: String) -> String {
        func text(_ words: [String: String]) -> String { Self.text(words, language) }
        let components = status.components.map { component in
            """
            <li class="\(component.level.rawValue)"><span>\(text(component.label))</span> \
            <strong>\(text(StatusText.levels[component.level] ?? [:]))</strong></li>
            """
        }
        let days = status.days.map { day in
            let words = text(day.level.flatMap { StatusText.levels[$0] } ?? StatusText.notWatched)
            let minutes = day.minutes > 0 ? ", \(day.minutes) \(text(StatusText.minutes))" : ""
            let level = day.level?.rawValue ?? "unknown"
            return "<li class=\"\(level)\" title=\"\(day.day): \(words)\(minutes)\"></li>"
        }
        let affected = status.days.filter { $0.minutes > 0 }.suffix(10).map {
            "\($0.day): \($0.minutes) \(text(StatusText.minutes))"
        }
        return """
            <section lang="\(language)">
            <h1 class="\(status.level.rawValue)">\(text(status.sentence))</h1>
            <p class="time">\(text(StatusText.asOf)) \(Self.time(status.at))</p>
            <h2>\(text(StatusText.now))</h2>
            <ul class="components">\(components.joined())</ul>
            <h2>\(text(StatusText.goingOn))</h2>
            \(items(status.incidents, language))
            <h2>\(text(StatusText.history))</h2>
            <ol class="days" aria-hidden="true">\(days.joined())</ol>
            <p>\(affected.isEmpty ? text(StatusText.none) : affected.joined(separator: " · "))</p>
            <h2>\(text(StatusText.past))</h2>
            \(items(status.past, language))
            </section>
            """
    }

    private func items(_ items: [StatusDocument.Item], _ language: String) -> String {
        func text(_ words: [String: String]) -> String { Self.text(words, language) }
        guard !items.isEmpty else { return "<p>\(text(StatusText.none))</p>" }
        return items.map { item in
            let end = item.resolvedAt.map { " \(text(StatusText.until)) \(Self.time($0))" } ?? ""
            let next = item.nextUpdateAt.map { "<p>\(text(StatusText.next)) \(Self.time($0))</p>" } ?? ""
            let updates = item.updates.map { "<li>\(Self.time($0.at)) \(text($0.text))</li>" }
            return """
                <article class="\(item.level.rawValue)" id="\(language)-\(Self.escaped(item.id))">
                <h3>\(text(item.affected))</h3>
                \(item.works.isEmpty ? "" : "<p>\(text(item.works))</p>")
                <p>\(text(StatusText.since)) \(Self.time(item.since))\(end)</p>\(next)
                <ul>\(updates.joined())</ul>
                </article>
                """
        }.joined(separator: "\n")
    }

    /// RSS 2.0 (rssboard.org/rss-specification): an item for each update.
    func rss(_ language: String, link: String) -> String {
        let items = (status.incidents + status.past).flatMap { item in
            item.updates.map { update in
                """
                <item><title>\(Self.text(update.text, language))</title>\
                <description>\(Self.text(item.affected, language)) \
                \(Self.text(item.works, language))</description>\
                <link>\(Self.escaped(link))/status</link>\
                <guid isPermaLink="false">\(Self.escaped(item.id)):\(update.at.milliseconds)</guid>\
                <pubDate>\(update.at.rfc822)</pubDate></item>
                """
            }
        }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <rss version="2.0"><channel><title>\(Self.text(StatusText.title, language))</title>\
            <link>\(Self.escaped(link))/status</link>\
            <description>\(Self.text(status.sentence, language))</description>\
            <language>\(language)</language>
            \(items.prefix(100).joined(separator: "\n"))
            </channel></rss>

            """
    }

    private static let names = ["en": "English", "ko": "한국어"]

    private static func text(_ words: [String: String], _ language: String) -> String {
        escaped(words[language] ?? words["en"] ?? "")
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
    }

    private static func time(_ time: Timestamp) -> String {
        let text = time.description
        let (day, clock) = (text.prefix(10), text.dropFirst(11).prefix(8))
        return "<time datetime=\"\(text)\">\(day) \(clock) UTC</time>"
    }

    private static let style = """
        :root{color-scheme:light dark;--good:#1a7f37;--part:#9a6700;--bad:#c4342d}\
        @media(prefers-color-scheme:dark){\
        :root{--good:#3fb950;--part:#d4a72c;--bad:#ff7b72}}\
        body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:46rem;padding:1rem}\
        h1{font-size:1.5rem;line-height:1.3;border-left:.4rem solid;padding-left:.8rem}\
        h2{font-size:1.1rem;margin-top:2rem}h3{font-size:1rem;margin:0}\
        .operational{border-color:var(--good)}.degraded{border-color:var(--part)}\
        .outage{border-color:var(--bad)}\
        .components{list-style:none;padding:0}\
        .components li{display:flex;justify-content:space-between;border-left:.4rem solid;\
        padding:.3rem .8rem;margin:.3rem 0}\
        .components .operational{border-color:var(--good)}.components .degraded{border-color:var(--part)}\
        .components .outage{border-color:var(--bad)}\
        article{border-left:.4rem solid;padding:.2rem .8rem;margin:1rem 0}article p{margin:.3rem 0}\
        .days{display:flex;gap:1px;list-style:none;padding:0;height:2rem}\
        .days li{flex:1;background:var(--good)}\
        .days .unknown{background:#8885}.days .degraded{background:var(--part)}\
        .days .outage{background:var(--bad)}\
        a{color:inherit}.time{opacity:.85}
        """
}

extension Timestamp {
    /// `Mon, 30 Nov 2026 12:00:00 GMT` (RFC 822, as RSS has it).
    fileprivate var rfc822: String {
        let text = description
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        let weekday = days[Int((milliseconds / 86_400_000) % 7)]
        let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
        return "\(weekday), \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) "
            + "\(text.dropFirst(11).prefix(8)) GMT"
    }
}
