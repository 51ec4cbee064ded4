extension DrillExperiment {
    /// An operation that the fault spares: its successful answers a second, before and during the fault.
    struct Traffic: Codable, Equatable {
        /// `inventory.commit`
        var operation: String
        var healthy: Double
        var broken: Double
        /// Number of answers before the fault.
        var count: Int

        /// Whether the answers are enough to compare.
        var isTelling: Bool { count >= 3 }
    }

    /// Orders a second in the last third of the fault.
    struct Finishing: Codable, Equatable {
        /// Confirmed or accepted.
        var arrived: Double
        /// Reached a terminal state.
        var finished: Double
        /// Messages of order's queue when the fault began, and when it ended.
        var backlogAtBegin: Int
        var backlogAtEnd: Int

        var share: Double { arrived > 0 ? finished / arrived : 1 }
    }
}

extension DrillExperiment.Finishing {
    /// Nil if no time passed.
    init?(_ samples: [Sample], from late: Throughput, to end: Throughput, backlog: Int) {
        let seconds = end.at - late.at
        guard seconds > 0 else { return nil }
        let taken = samples.count { late.at <= $0.end && $0.end < end.at && $0.isTaken }
        self.init(
            arrived: Double(taken) / seconds, finished: (end.finished - late.finished) / seconds,
            backlogAtBegin: backlog,
            backlogAtEnd: end.backlog)
    }
}
