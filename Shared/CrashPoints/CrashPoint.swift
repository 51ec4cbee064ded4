#if DEBUG
    import Foundation
    import Resilience
#endif

/// A named place where a test can kill the process: before and after every commit, call and answer.
///
/// `CRASH_AT=name:nth` ends the process there by SIGKILL, the nth time that it comes there; `CRASH_LIST=file` writes down
/// every place that is passed, so that a test can go through all of them. A release build contains none of it.
package enum CrashPoint {
    /// What is about to happen, or has just happened.
    package enum Moment: String, Sendable {
        case before, after
    }

    /// - Parameter name: what happens, such as `commit place-order`, without what differs from one time to the next.
    @inline(__always)
    package static func pass(_ moment: Moment, _ name: @autoclosure () -> String) {
        #if DEBUG
            if let plan = Plan.current { plan.pass("\(moment.rawValue) \(name())") }
        #endif
    }
}

#if DEBUG
    /// What the environment asks for; nil in every process that no test is out to kill.
    private final class Plan: Sendable {
        static let current = Plan(ProcessInfo.processInfo.environment)

        private let name: String
        private let nth: Int
        private let list: String?
        private let passed = Locked(Passed())

        private struct Passed {
            var count = 0
            var seen: Set<String> = []
        }

        private init?(_ environment: [String: String]) {
            let at = environment["CRASH_AT"]?.split(separator: ":", maxSplits: 1) ?? []
            list = environment["CRASH_LIST"]
            name = at.first.map(String.init) ?? ""
            nth = at.count > 1 ? Int(at[1]) ?? 1 : 1
            if name.isEmpty, list == nil { return nil }
        }

        func pass(_ place: String) {
            let isNew = passed.withLock { passed in
                if place == name {
                    passed.count += 1
                    if passed.count == nth { kill(getpid(), SIGKILL) }
                }
                return passed.seen.insert(place).inserted
            }
            if isNew, let list { write(place, to: list) }
        }

        private func write(_ place: String, to list: String) {
            let descriptor = open(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            let line = Array((place + "\n").utf8)
            _ = Foundation.write(descriptor, line, line.count)
        }
    }
#endif
