#if DEBUG
    import Foundation
    import Resilience
#endif

/// A named point where a test can kill the process: before and after every commit, call and answer.
///
/// `CRASH_AT=before commit placing:2` ends the process by SIGKILL when it reaches that point for the second
/// time; `CRASH_AT=@folder` reads the same from the file in the folder that is named after the process.
/// `CRASH_LIST=file` records every point that is passed, so that a test can go through all of them. A release
/// build contains none of it.
package enum CrashPoint {
    /// What is about to happen, or has just happened.
    package enum Phase: String, Sendable {
        case before, after
    }

    /// - Parameter name: what happens, such as `commit placing`, without what varies between two times.
    @inline(__always)
    package static func pass(_ phase: Phase, _ name: @autoclosure () -> String) {
        #if DEBUG
            if let plan = Plan.current { plan.pass("\(phase.rawValue) \(name())") }
        #endif
    }
}

#if DEBUG
    /// What the environment asks for; nil in every process that no test is to kill.
    private final class Plan: Sendable {
        static let current = Plan(ProcessInfo.processInfo.environment)

        private struct Passed {
            var count = 0
            var seen: Set<String> = []
        }

        private let place: String
        private let nth: Int
        private let list: String?
        private let passed = Locked(Passed())

        private init?(_ environment: [String: String]) {
            guard environment["CRASH_AT"] != nil || environment["CRASH_LIST"] != nil else { return nil }
            var place = environment["CRASH_AT"] ?? ""
            if place.hasPrefix("@") {
                let file = place.dropFirst() + "/" + ProcessInfo.processInfo.processName
                place = (try? String(contentsOfFile: String(file), encoding: .utf8)) ?? ""
            }
            let parts = place.split(separator: ":", maxSplits: 1).map(String.init)
            self.place = parts.first ?? ""
            nth = parts.count > 1 ? Int(parts[1]) ?? 1 : 1
            list = environment["CRASH_LIST"]
        }

        func pass(_ place: String) {
            passed.withLock { passed in
                // Written first, so that the list also has the point at which the process ended.
                if passed.seen.insert(place).inserted { write(place) }
                guard place == self.place else { return }
                passed.count += 1
                if passed.count == nth { kill(getpid(), SIGKILL) }
            }
        }

        private func write(_ place: String) {
            guard let list else { return }
            let descriptor = open(list, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { return }
            defer { close(descriptor) }
            let line = Array("\(ProcessInfo.processInfo.processName) \(place)\n".utf8)
            _ = Foundation.write(descriptor, line, line.count)
        }
    }
#endif
