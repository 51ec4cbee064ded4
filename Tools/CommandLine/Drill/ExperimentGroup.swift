/// Experiments of a run that share a table.
struct ExperimentGroup {
    /// Nil for whole services.
    var title: String?
    var experiments: [DrillExperiment]
}

extension DrillRun {
    /// Whole services first, then parts of them; empty groups left out.
    var groups: [ExperimentGroup] {
        let whole = ExperimentGroup(experiments: experiments.filter { !$0.isPartial })
        let partial = PartialFault.Group.allCases.map { group in
            ExperimentGroup(title: group.title, experiments: experiments.filter { $0.kind == group.rawValue })
        }
        return ([whole] + partial).filter { !$0.experiments.isEmpty }
    }
}

extension DrillExperiment {
    /// Whether a part of a service was broken, rather than all of it.
    var isPartial: Bool { PartialFault.Group(rawValue: kind) != nil }
}

extension PartialFault.Group {
    /// Over its table.
    var title: String {
        switch self {
        case .operation: "one operation broken"
        case .traffic: "one criticality broken"
        case .brownout: "brownouts"
        case .quotes: "quotes and pages broken"
        }
    }
}
