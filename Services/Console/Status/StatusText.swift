/// The words of the status page, for customers, by language.
enum StatusText {
    static let title = ["en": "Status", "ko": "서비스 상태"]
    static let now = ["en": "Now", "ko": "현재 상태"]
    static let goingOn = ["en": "What is going on", "ko": "진행 중인 장애"]
    static let past = ["en": "The last two weeks", "ko": "최근 2주"]
    static let history = ["en": "The last 90 days", "ko": "최근 90일"]
    static let none = ["en": "Nothing.", "ko": "없습니다."]
    static let since = ["en": "Since", "ko": "발생"]
    static let until = ["en": "until", "ko": "해소"]
    static let next = ["en": "More here by", "ko": "다음 안내 예정"]
    static let asOf = ["en": "As of", "ko": "기준 시각"]
    static let notWatched = ["en": "not recorded yet", "ko": "기록 없음"]
    static let minutes = ["en": "min", "ko": "분"]

    static let levels: [StatusDocument.Level: [String: String]] = [
        .operational: ["en": "works", "ko": "정상"],
        .degraded: ["en": "works in part", "ko": "일부 지연"],
        .outage: ["en": "doesn't work", "ko": "이용 불가"],
    ]

    /// What customers call what a service does; another service keeps its name.
    static func label(_ service: String) -> [String: String] {
        labels[service] ?? ["en": service, "ko": service]
    }

    private static let labels = [
        "order": ["en": "Ordering", "ko": "주문"], "payment": ["en": "Payment", "ko": "결제"],
        "coupon": ["en": "Coupons", "ko": "쿠폰"], "inventory": ["en": "Stock", "ko": "재고"],
        "notification": ["en": "Messages", "ko": "알림"],
    ]

    /// What the path declares; without a declaration no order can be placed.
    static func affected(_ incident: Incident) -> [String: String] {
        guard incident.effect.isEmpty else { return incident.effect }
        return incident.priority == .p1
            ? [
                "en": "Orders can't be placed, or only some of them.",
                "ko": "주문이 되지 않거나 일부만 처리되고 있습니다.",
            ]
            : [
                "en": "\(label(incident.cause)["en"] ?? ""): something is late.",
                "ko": "\(label(incident.cause)["ko"] ?? "") 처리가 일부 늦어지고 있습니다.",
            ]
    }

    /// What was so in an incident that is over.
    static func then(_ affected: [String: String]) -> [String: String] {
        [
            "en": "What was affected: \(affected["en"] ?? "")",
            "ko": "당시 안내: \(affected["ko"] ?? affected["en"] ?? "")",
        ]
    }

    static func works(_ incident: Incident, isEntry: Bool) -> [String: String] {
        if isEntry || incident.effect.isEmpty {
            return [
                "en": "What was ordered is not lost: it is finished, or nothing is charged.",
                "ko": "이미 접수된 주문은 안전합니다. 처리가 완료되거나, 완료되지 않으면 결제되지 않습니다.",
            ]
        }
        return incident.priority == .p1
            ? [
                "en": """
                Orders are accepted and kept, and finished later by themselves; \
                there is no need to order again.
                """,
                "ko": "주문은 접수되어 보관되며, 이후 자동으로 완료됩니다. 다시 주문하실 필요가 없습니다.",
            ]
            : ["en": "Orders are placed and paid as usual.", "ko": "주문과 결제는 평소처럼 이용하실 수 있습니다."]
    }

    /// Nil: it is nothing for customers.
    /// - Parameter isMadeGood: whether all that was put off has been done.
    static func update(
        _ entry: Incident.Entry, _ affected: [String: String], isMadeGood: Bool
    ) -> [String: String]? {
        switch entry.kind {
        case .detected:
            [
                "en": "We have noticed it. \(affected["en"] ?? "")",
                "ko": "장애를 인지했습니다. \(affected["ko"] ?? "")",
            ]
        case .acknowledged: ["en": "People are working on it.", "ko": "담당자가 조치 중입니다."]
        case .mitigated:
            [
                "en": "It works again; what was put off is being made good.",
                "ko": "정상화되었습니다. 미뤄진 처리는 지금 바로잡고 있습니다.",
            ]
        case .recurred, .reopened: ["en": "It has come back.", "ko": "같은 장애가 다시 발생했습니다."]
        case .resolved:
            isMadeGood
                ? [
                    "en": "It is over, and everything that was put off has been done.",
                    "ko": "장애가 해소되었고, 미뤄진 처리는 모두 완료되었습니다.",
                ] : ["en": "It is over.", "ko": "장애가 해소되었습니다."]
        case .change, .symptom, .alert, .customers, .cause, .priority, .escalated, .reviewed, .note,
            .action:
            nil
        }
    }
}
