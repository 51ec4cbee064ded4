import Contracts
import Crypto
import Foundation
package import Runtime

/// Every setting of the console.
package struct ConsoleConfiguration: ServiceConfiguration {
    /// The services that it watches, and where they are.
    var services: [(name: ServiceName, url: String)]
    /// `stack.json` of a stack that `csp up` runs; nil: the services run elsewhere.
    var stackFile: String?
    /// Path of `csp`, which kills, freezes, thaws and starts the services of such a stack; nil: none is.
    var control: String?
    /// Bytes.
    var traceCapacity: Int
    var onCall: OnCall
    var escalateAfter: [Incident.Priority: Duration]
    var notices: NoticeSettings
    /// Of the console, as people reach it.
    var link: String
    /// Where the status page is written for a plain web server; nil: nowhere.
    var statusFile: String?

    package init(reading settings: inout Settings) {
        services = []
        for name in ServiceName.allCases where name != .console {
            services.append((name, settings.url(of: name)))
        }
        stackFile = settings.optional(
            "STACK_FILE", "stack.json of a stack that csp up runs: it says which processes are alive")
        control = settings.optional(
            "CONTROL_COMMAND", "path of csp, by which administrators kill and start services in the browser")
        traceCapacity = Int(
            settings.bytes(
                "TRACES_KEPT", default: 64 << 20, in: (1 << 20)...(4 << 30),
                "memory for traces; the oldest go first"))
        onCall = settings.onCall(
            "ONCALL_FILE", "who is called when an incident isn't acknowledged: see Deploy/oncall.yaml")
        let range = Duration.seconds(10) ... .seconds(86_400)
        escalateAfter = [
            .p1: settings.duration(
                "ESCALATE_P1_AFTER", default: .seconds(300), in: range,
                "until an unacknowledged P1 goes to the next level"),
            .p2: settings.duration(
                "ESCALATE_P2_AFTER", default: .seconds(1800), in: range,
                "until an unacknowledged P2 goes to the next level"),
        ]
        notices = NoticeSettings(reading: &settings)
        link = settings.url(
            "PUBLIC_URL", default: "http://127.0.0.1:8080", "where people reach the console")
        statusFile = settings.optional(
            "STATUS_FILE", "where the status page is written for a plain web server, which works without us")
    }
}

/// Where notices of incidents go, besides the log.
struct NoticeSettings: Sendable {
    /// Nil: nowhere else.
    var webhook: String?
    var format: SendNotice.Format
    var secret: SymmetricKey?
    var allowsPrivate: Bool

    init(reading settings: inout Settings) {
        webhook = settings.optionalURL("NOTICE_WEBHOOK_URL", "where notices of incidents are posted")
        format = settings.choice("NOTICE_FORMAT", default: .standard, "what the webhook takes")
        allowsPrivate = settings.flag(
            "NOTICE_ALLOW_PRIVATE", default: false, "whether the webhook may lie in this network")
        let key = settings.optional(
            "NOTICE_SECRET", "signs notices as standardwebhooks.com says: whsec_ and base64")
        guard let key else { return }
        guard key.hasPrefix("whsec_"), let bytes = Data(base64Encoded: String(key.dropFirst(6))),
            bytes.count >= 16
        else {
            settings.refuse("NOTICE_SECRET is not whsec_ and base64 of 16 bytes or more")
            return
        }
        secret = SymmetricKey(data: bytes)
    }
}

extension Settings {
    fileprivate mutating func onCall(_ key: String, _ help: String) -> OnCall {
        guard let path = optional(key, help) else { return .unnamed }
        do {
            return try OnCall.read(path)
        } catch {
            refuse("\(error)")
            return .unnamed
        }
    }
}

extension ConsoleConfiguration {
    var command: ControlCommand? {
        guard let control, let stackFile else { return nil }
        return ControlCommand(
            executable: control, folder: URL(filePath: stackFile).deletingLastPathComponent().path)
    }
}
