public enum BreakerPhase: String, Sendable, Hashable { case closed, open, halfOpen = "half-open" }
