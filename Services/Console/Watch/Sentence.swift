import Contracts
import Runtime
import StackView

/// What a customer gets now, in one sentence a language. It follows from what the entry point of the path
/// declares of its dependencies, from their breakers and processes, and from the last orders.
struct Sentence: Equatable {
    enum Level: String, Encodable { case ok, degraded, outage }

    /// Seconds in which a degraded order says how things are now.
    private static let recent = 5.0

    let level: Level
    let en: String
    let ko: String

    /// - Parameter degraded: the newest degraded orders.
    init(_ dashboard: Dashboard, degraded: [OrderDocument], mode: CommonConfiguration.Mode) {
        let called = Set(dashboard.dependencies.map(\.name))
        let entry = dashboard.dependencies.map(\.from).first { !called.contains($0.rawValue) }
        guard let entry, let service = dashboard.services.first(where: { $0.name == entry }) else {
            let isUp = dashboard.services.allSatisfy { $0.state.isUp }
            self.init(
                isUp ? .degraded : .outage,
                "Nothing is known yet: no service that takes orders has answered.",
                "아직 알 수 없습니다. 주문을 받는 서비스가 아직 응답하지 않았습니다.")
            return
        }
        guard service.state.isUp else {
            self.init(
                .outage, "No order can be placed: \(entry) \(service.state.isWhat).",
                "지금은 주문할 수 없습니다. \(entry) 서비스가 응답하지 않습니다.")
            return
        }
        let lacking = dashboard.dependencies.filter {
            $0.from == entry && Self.isLacking($0, dashboard, degraded)
        }
        let orders = dashboard.orders
        let unserved = (orders?.unservedPerSecond ?? 0) / max(0.01, orders?.answeredPerSecond ?? 0)
        if unserved > 0.5 {
            self.init(.outage, "Most orders are turned away.", "대부분의 주문이 거절되고 있습니다.")
        } else if mode == .naive, !lacking.isEmpty {
            let names = lacking.map(\.name).joined(separator: ", ")
            self.init(
                .outage, "The protections are off, and orders wait for \(names).",
                "보호 장치가 꺼져 있어 주문이 \(names) 서비스를 기다립니다.")
        } else if !lacking.isEmpty {
            self.init(lacking)
        } else if unserved > 0 {
            self.init(
                .degraded, "Some orders are turned away; they can be placed again.",
                "일부 주문이 거절되고 있습니다. 다시 주문할 수 있습니다.")
        } else if degraded.contains(where: \.owesRepair) {
            self.init(
                .ok, "Every order is confirmed. What was done instead earlier is being made good.",
                "모든 주문이 바로 확정됩니다. 이전에 대신 처리한 것은 지금 바로잡고 있습니다.")
        } else {
            self.init(.ok, "Every order is confirmed.", "모든 주문이 바로 확정됩니다.")
        }
    }

    private init(_ level: Level, _ en: String, _ ko: String) {
        self.level = level
        self.en = en
        self.ko = ko
    }

    private init(_ lacking: [Dashboard.Dependency]) {
        let isCritical = lacking.contains { $0.role == .critical }
        let ordered = lacking.filter { $0.role == .critical } + lacking.filter { $0.role == .optional }
        func words(_ language: String, _ goesThrough: String) -> String {
            let effects = ordered.map { $0.effect[language] ?? $0.effect["en"] ?? $0.name }
            return ((isCritical ? [] : [goesThrough]) + effects).joined(separator: " ")
        }
        self.init(.degraded, words("en", "Orders go through."), words("ko", "주문은 정상 접수됩니다."))
    }

    private static func isLacking(
        _ dependency: Dashboard.Dependency, _ dashboard: Dashboard, _ degraded: [OrderDocument]
    ) -> Bool {
        if dependency.breaker == "open" || dependency.breaker == "half-open" { return true }
        let service = dashboard.services.first { $0.name.rawValue == dependency.name }
        if let service, !service.state.isUp { return true }
        return degraded.contains { order in
            dashboard.at.milliseconds - order.createdAt.milliseconds < Int64(Self.recent * 1000)
                && order.degradations.contains { $0.dependency == dependency.name }
        }
    }
}

extension Dashboard.Condition {
    /// Completes "payment …".
    var isWhat: String {
        switch self {
        case .ready, .degraded: "is ready"
        case .starting: "is starting"
        case .draining: "is shutting down"
        case .silent: "does not answer"
        case .frozen: "is frozen"
        case .dead: "is dead"
        }
    }
}
