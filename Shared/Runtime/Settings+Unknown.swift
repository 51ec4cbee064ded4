import Contracts
import ServingPath

extension Settings {
    /// Adds a problem for each name that is no setting, with the one that was probably meant: a misspelt
    /// timeout would otherwise be set without effect.
    ///
    /// A file is ours, so every name in it has to be a setting of one of the services, which may share the
    /// file. The environment isn't: a name in it is refused only if its first word is a setting's and it is
    /// within two slips of a setting. The names that Kubernetes adds for a service called `coupon`
    /// (`COUPON_SERVICE_HOST`, `COUPON_PORT`, `COUPON_PORT_8083_TCP`) are never that near.
    package mutating func refuseUnknown(environment: some Sequence<String>, file: some Sequence<String> = [])
    {
        let known = Set(self.known.map(\.key)).union(Self.ofAnyService)
        for name in Set(file).subtracting(known).sorted() {
            let meant =
                Spelling.nearest(to: name, among: known).map { "did you mean \($0)?" } ?? "--help lists all"
            problems.append("\(name) in the settings file is no setting; \(meant)")
        }
        let firstWords = Set(known.map(Self.firstWord))
        for name in Set(environment).subtracting(known).sorted()
        where firstWords.contains(Self.firstWord(of: name)) {
            guard let meant = Spelling.nearest(to: name, among: known) else { continue }
            problems.append("\(name) is no setting; did you mean \(meant)?")
        }
    }

    private static func firstWord(of name: String) -> Substring { name.prefix { $0 != "_" } }

    /// The names in a settings file, as its provider reads them: `KEY=value` lines, and comments that begin
    /// with `#`.
    static func names(inFile text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].trimmingPrefix { $0.isWhitespace }.trimmingSuffix { $0.isWhitespace }
            return parts.count == 2 && !name.isEmpty && !name.hasPrefix("#") ? String(name) : nil
        }
    }

    /// Each service's own settings, with their service: the others may find them in a shared file. A test
    /// checks this list against the services.
    package static let ofAnyService: Set<String> = {
        let own = [
            "CONFIG_FILE", "ORDER_BUDGET", "ACCEPTED_MAX_AGE", "CATALOGUE_MAX_AGE", "CATALOGUE_REFRESH",
            "CATALOGUE_TIMEOUT", "COUPONS_MAX_AGE", "COUPONS_REFRESH", "STOCK_MARGIN", "QUEUE_LEASE",
            "QUEUE_CAPACITY", "COUPON_OFFLINE_LIMIT", "RESERVATION_TTL", "RESERVATION_GRACE",
            "ORDER_RETENTION", "NOTIFICATION_RETENTION", "STACK_FILE", "TRACES_KEPT",
            "CONTROL_COMMAND", "ONCALL_FILE", "ESCALATE_P1_AFTER", "ESCALATE_P2_AFTER", "NOTICE_WEBHOOK_URL",
            "NOTICE_FORMAT", "NOTICE_SECRET", "NOTICE_ALLOW_PRIVATE", "STATUS_FILE", "PUBLIC_URL",
        ]
        let protections = ProtectionNumber.all.map { key($0.name) } + ["URL", "FAULTS"]
        return Set(
            own
                + ServiceName.allCases.flatMap { service in
                    protections.map { "\(service.settingPrefix)_\($0)" }
                })
    }()
}
