import Contracts
import Crypto
import Foundation
import Queue
import Transport

/// Sends notices to a webhook: Slack's, Discord's, or any that takes a Standard Webhooks message.
struct SendNotice: Sendable {
    enum Format: String, Sendable, CaseIterable { case slack, discord, standard }

    static let lane = "notices"
    static let kind = "notice"
    /// A notice that could not be sent for this long is given up.
    private static let longest: Duration = .seconds(24 * 3600)
    /// Discord's limit, the lowest one.
    private static let mostCharacters = 2000

    let url: String
    let format: Format
    /// Nil: not signed.
    let secret: SymmetricKey?
    /// Whether the webhook may lie in this network.
    let allowsPrivate: Bool
    let client: any HTTPSender
    let wall: @Sendable () -> Timestamp

    func callAsFunction(_ message: Message) async -> DeliveryResult {
        guard let notice = try? JSON.decode(NoticeMessage.self, from: message.payload) else {
            return .refused("the notice can't be read")
        }
        let now = wall()
        guard now < notice.at.advanced(by: Self.longest) else { return .refused("not sent for a day") }
        guard let body = try? payload(notice) else { return .refused("the notice can't be written") }
        var request = HTTPClient.Request(
            method: "POST", url: url, headers: headers(notice, body, at: now), body: Array(body),
            connectTimeout: .seconds(3), timeout: .seconds(10))
        request.isForPublicAddress = !allowsPrivate
        do throws(HTTPClientError) {
            let answer = try await client.send(request)
            return switch answer.status {
            case 200..<300: .done()
            case 408, 429, 500...: .unavailable("\(answer.status)")
            default: .refused("\(answer.status)")
            }
        } catch {
            if case .invalidRequest(let why) = error { return .refused(why) }
            return .unavailable("\(error)")
        }
    }

    /// standardwebhooks.com: `v1,` and base64 of HMAC-SHA256 over id, time and body.
    private func headers(
        _ notice: NoticeMessage, _ body: Data, at now: Timestamp
    ) -> [(name: String, value: String)] {
        let seconds = now.milliseconds / 1000
        var headers = [
            (name: "Content-Type", value: "application/json"), (name: "webhook-id", value: notice.id),
            (name: "webhook-timestamp", value: "\(seconds)"),
        ]
        if let secret {
            let signed = Data("\(notice.id).\(seconds).".utf8) + body
            let code = Data(HMAC<SHA256>.authenticationCode(for: signed, using: secret))
            headers.append((name: "webhook-signature", value: "v1,\(code.base64EncodedString())"))
        }
        return headers
    }

    private func payload(_ notice: NoticeMessage) throws -> Data {
        let text = "\(notice.text)\n\(notice.link)"
        switch format {
        case .slack: return try JSON.encode(Slack(text: Self.escaped(text)))
        case .discord: return try JSON.encode(Discord(content: text.excerpt(Self.mostCharacters - 1)))
        case .standard:
            return try JSON.encode(
                Standard(type: "incident.\(notice.kind.rawValue)", timestamp: notice.at, data: notice))
        }
    }

    /// Slack reads `<…>` as links and mentions.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }

    private struct Slack: Encodable {
        var text: String
    }

    private struct Discord: Encodable {
        var content: String
        var allowedMentions = Mentions()

        enum CodingKeys: String, CodingKey {
            case content
            case allowedMentions = "allowed_mentions"
        }

        /// No one is called by what an incident's title says.
        struct Mentions: Encodable {
            var parse: [String] = []
        }
    }

    private struct Standard: Encodable {
        var type: String
        var timestamp: Timestamp
        var data: NoticeMessage
    }
}
