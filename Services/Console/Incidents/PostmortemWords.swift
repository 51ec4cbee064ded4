import Contracts

/// The words of a post-mortem in one language.
struct PostmortemWords: Sendable {
    var id, date, duration, author, status, severity, startedAt, detectedAt, acknowledgedAt: String
    var mitigatedAt, resolvedAt, summary, impact, ordersDegraded, ordersDelayed, ordersRefused: String
    var ordersLost, madeGood: String
    var customers, revenueDelayed, services, detection, rootCause, resolution, lessons, wentWell: String
    var wentBadly, byLuck, whys, prevention, timeline, links, done, open, goesOn, toWrite: String
    var actionColumns, timelineColumns: [String]
    var statuses: [Incident.Status: String]
    var severities: [Incident.Priority: String]
    /// Title, cause, duration.
    var sentence: @Sendable (String, String, String) -> String
    var customersGot: @Sendable (String) -> String
    /// By what, after how long.
    var detected: @Sendable (String, String) -> String
    /// Cause, and whether it is assumed.
    var causeIs: @Sendable (String, Bool) -> String
    /// When, what.
    var changed: @Sendable (String, String) -> String
    var time: @Sendable (Double) -> String
    var known: @Sendable (Incident) -> (well: [String], badly: [String])
    /// Answers to the first of the five whys.
    var chain: @Sendable (Incident) -> [String]
}

extension PostmortemWords {
    static let english = PostmortemWords(
        id: "Incident", date: "Date", duration: "Duration", author: "Author", status: "Status",
        severity: "Severity", startedAt: "Started", detectedAt: "Detected", acknowledgedAt: "Acknowledged",
        mitigatedAt: "Mitigated", resolvedAt: "Resolved", summary: "Summary", impact: "Impact",
        ordersDegraded: "Orders degraded", ordersDelayed: "of them accepted and finished later",
        ordersRefused: "Orders refused", ordersLost: "Delayed orders that were cancelled",
        madeGood: "Made good", customers: "Customers", revenueDelayed: "Revenue delayed",
        services: "Services", detection: "Detection", rootCause: "Root cause", resolution: "Resolution",
        lessons: "Lessons", wentWell: "What went well", wentBadly: "What went badly",
        byLuck: "Where we were lucky", whys: "Five whys", prevention: "Prevention", timeline: "Timeline",
        links: "Links", done: "done", open: "open", goesOn: "it goes on",
        toWrite: "_To be written by people._",
        actionColumns: ["Action", "Owner", "Due", "State"], timelineColumns: ["Time", "What", "Text", "By"],
        statuses: [
            .detected: "detected", .acknowledged: "acknowledged", .mitigated: "mitigated",
            .resolved: "resolved", .reviewed: "reviewed",
        ],
        severities: [
            .p1: "customers could not buy, or not at once", .p2: "something was lost or late for customers",
            .p3: "it could wait",
        ],
        sentence: { "\($0). The cause was \($1). Customers were affected for \($2)." },
        customersGot: { "What customers got meanwhile: \($0)" },
        detected: { "By \($0), \($1) after it started. What was seen:" },
        causeIs: { cause, isAssumed in
            isAssumed
                ? "It showed at \(cause); what broke is not known."
                : "\(cause) failed; everything else followed from it."
        },
        changed: { "The last change before it: \($1) (\($0))." },
        time: { "\(Self.rounded($0)) s" },
        known: { incident in
            var well: [String] = []
            var badly: [String] = []
            let impact = incident.impact
            if impact.ordersRefused == 0 { well.append("No order was refused.") }
            if impact.ordersDegraded > 0, impact.ordersMadeGood == impact.ordersDegraded {
                well.append("All \(impact.ordersDegraded) degraded orders were made good.")
            }
            if incident.startedAt.seconds(to: incident.detectedAt) <= 15 {
                well.append("It was detected within 15 s, before a customer had to say so.")
            }
            if impact.ordersRefused > 0 { badly.append("\(impact.ordersRefused) orders were refused.") }
            if impact.ordersLost > 0 { badly.append("\(impact.ordersLost) delayed orders were cancelled.") }
            if incident.acknowledgedAt == nil { badly.append("It was never acknowledged.") }
            if !incident.escalations.isEmpty { badly.append("It had to be escalated.") }
            return (well, badly)
        },
        chain: { incident in
            let told = incident.timeline.first { $0.kind == .customers }?.text
            let seen = incident.timeline.first { $0.kind == .symptom }?.text
            return [
                told.map { "Why were customers affected? \($0)" },
                seen.map { "Why? \($0)." },
                incident.isCauseAssumed ? nil : "Why? \(incident.cause) failed.",
                incident.lastChange.map { "Why? Perhaps because of the last change: \($0.text)." },
            ].compactMap { $0 }
        })

    static let korean = PostmortemWords(
        id: "장애 번호", date: "일자", duration: "지속 시간", author: "작성자", status: "상태", severity: "심각도",
        startedAt: "발생", detectedAt: "감지", acknowledgedAt: "담당자 확인", mitigatedAt: "완화", resolvedAt: "해소",
        summary: "요약", impact: "영향", ordersDegraded: "성능 저하 상태로 처리된 주문",
        ordersDelayed: "그중 접수 후 나중에 완료된 주문", ordersRefused: "거절된 주문",
        ordersLost: "지연 후 취소된 주문", madeGood: "복구 완료", customers: "영향받은 고객",
        revenueDelayed: "지연된 매출", services: "서비스", detection: "감지", rootCause: "근본 원인",
        resolution: "조치", lessons: "교훈", wentWell: "잘된 점", wentBadly: "잘못된 점", byLuck: "운이 좋았던 점",
        whys: "5 Whys", prevention: "재발 방지", timeline: "타임라인", links: "참고", done: "완료", open: "미완료",
        goesOn: "진행 중", toWrite: "_담당자가 작성_",
        actionColumns: ["조치", "담당", "기한", "상태"], timelineColumns: ["시각", "종류", "내용", "작성"],
        statuses: [
            .detected: "감지됨", .acknowledged: "확인됨", .mitigated: "완화됨", .resolved: "해소됨", .reviewed: "검토 완료",
        ],
        severities: [
            .p1: "고객이 주문을 못 하거나 바로 확정받지 못함", .p2: "고객에게 일부가 빠지거나 늦어짐", .p3: "급하지 않음",
        ],
        sentence: { "\($0). 원인은 \($1) 서비스이며, 고객 영향은 \($2) 동안 이어졌습니다." },
        customersGot: { "장애 중 고객에게 제공된 처리: \($0)" },
        detected: { "발생 \($1) 후 \($0)에서 감지했습니다. 관찰된 증상:" },
        causeIs: { cause, isAssumed in
            isAssumed
                ? "\(cause) 서비스에서 증상이 나타났으며, 실제 원인은 아직 알 수 없습니다."
                : "\(cause) 서비스의 장애였고, 나머지 증상은 여기서 비롯되었습니다."
        },
        changed: { "직전 변경: \($1) (\($0))." },
        time: { "\(Self.rounded($0))초" },
        known: { incident in
            var well: [String] = []
            var badly: [String] = []
            let impact = incident.impact
            if impact.ordersRefused == 0 { well.append("거절된 주문이 없었습니다.") }
            if impact.ordersDegraded > 0, impact.ordersMadeGood == impact.ordersDegraded {
                well.append("영향받은 주문 \(impact.ordersDegraded)건을 모두 복구했습니다.")
            }
            if incident.startedAt.seconds(to: incident.detectedAt) <= 15 {
                well.append("고객 문의가 오기 전, 15초 안에 감지했습니다.")
            }
            if impact.ordersRefused > 0 { badly.append("주문 \(impact.ordersRefused)건이 거절되었습니다.") }
            if impact.ordersLost > 0 { badly.append("지연된 주문 \(impact.ordersLost)건이 취소되었습니다.") }
            if incident.acknowledgedAt == nil { badly.append("담당자가 확인하지 않았습니다.") }
            if !incident.escalations.isEmpty { badly.append("첫 호출에 응답이 없어 에스컬레이션되었습니다.") }
            return (well, badly)
        },
        chain: { incident in
            let told = incident.timeline.first { $0.kind == .customers }?.text
            let seen = incident.timeline.first { $0.kind == .symptom }?.text
            return [
                told.map { "고객은 왜 영향을 받았는가? \($0)" },
                seen.map { "왜? \($0)" },
                incident.isCauseAssumed ? nil : "왜? \(incident.cause) 서비스 장애.",
                incident.lastChange.map { "왜? 직전 변경과 관련되었을 수 있음: \($0.text)" },
            ].compactMap { $0 }
        })

    private static func rounded(_ seconds: Double) -> String {
        seconds < 10 ? "\((seconds * 10).rounded() / 10)" : "\(Int(seconds.rounded()))"
    }
}
