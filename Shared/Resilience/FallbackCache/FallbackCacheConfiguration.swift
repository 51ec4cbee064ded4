/// The numbers of a ``FallbackCache``.
public struct FallbackCacheConfiguration: PolicyConfiguration {
    /// A value older than this is not given out. Above 0, at most 100 years; default 24 h.
    public var maximumAge: Duration
    /// How many values are kept; the one stored the longest ago is dropped first. 1 … 10,000,000; default
    /// 10,000.
    public var capacity: Int
    /// How long a change may wait before it is written to the storage; a crash loses what is newer.
    /// 1 ms … 1 h; default 1 s.
    public var writeEvery: Duration
    /// How many changes are written at once. 1 … 100,000; default 500.
    public var batchSize: Int
    /// How many refreshes may run at once. Above 0; default 2.
    public var maximumRefreshes: Int
    /// How long a cancelled caller, such as at the end of the process, still waits for a storage that is
    /// working. Above 0, at most 1 h; default 5 s.
    public var lastWrite: Duration

    /// Any numbers; what is wrong with them is listed by ``problems``, and refused by whatever is made with
    /// them.
    public init(
        maximumAge: Duration = .seconds(86_400), capacity: Int = 10_000, writeEvery: Duration = .seconds(1),
        batchSize: Int = 500, maximumRefreshes: Int = 2, lastWrite: Duration = .seconds(5)
    ) {
        self.maximumAge = maximumAge
        self.capacity = capacity
        self.writeEvery = writeEvery
        self.batchSize = batchSize
        self.maximumRefreshes = maximumRefreshes
        self.lastWrite = lastWrite
    }

    public static var policy: String { "FallbackCache" }

    public var problems: [String] {
        var check = ConfigurationCheck()
        check.require(maximumAge.isReasonable, "maximumAge", maximumAge, "above 0, at most 100 years")
        check.require((1...10_000_000).contains(capacity), "capacity", capacity, "1 … 10000000")
        check.require(
            (.milliseconds(1) ... .seconds(3600)).contains(writeEvery), "writeEvery", writeEvery, "1 ms … 1 h"
        )
        check.require((1...100_000).contains(batchSize), "batchSize", batchSize, "1 … 100000")
        check.require(maximumRefreshes > 0, "maximumRefreshes", maximumRefreshes, "above 0")
        check.require(
            lastWrite > .zero && lastWrite <= .seconds(3600), "lastWrite", lastWrite, "above 0, at most 1 h")
        return check.problems
    }
}
