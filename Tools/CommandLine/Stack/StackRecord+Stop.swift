import Contracts
import Foundation
import StackView

extension StackRecord {
    static let stopLimit = Duration.seconds(10)

    /// Thaws every service and asks it to end; kills those left after ``stopLimit`` and returns their names.
    ///
    /// - Parameter isUrgent: asked while waiting; true kills at once.
    func stop(isUrgent: () -> Bool = { false }) async -> [ServiceName] {
        let alive = services.filter(\.process.isAlive)
        for service in alive {
            service.process.send(SIGCONT)
            service.process.send(SIGTERM)
        }
        let limit = ContinuousClock.now + Self.stopLimit
        var progress = Progress()
        defer { progress.finish() }
        while ContinuousClock.now < limit, !isUrgent() {
            let left = alive.filter(\.process.isAlive)
            if left.isEmpty { return [] }
            progress.show("waiting for \(left.map(\.name.rawValue).joined(separator: ", ")) to end")
            try? await Task.sleep(for: .milliseconds(50))
        }
        let stubborn = alive.filter(\.process.isAlive)
        for service in stubborn { service.process.send(SIGKILL) }
        for service in stubborn { await service.process.waitUntil { $0 == .gone } }
        return stubborn.map(\.name)
    }
}

extension ProcessIdentity {
    /// Returns true once the process is in the state, false after five seconds.
    @discardableResult
    func waitUntil(_ isReached: (Activity) -> Bool) async -> Bool {
        let limit = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < limit {
            if isReached(activity) { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return isReached(activity)
    }
}
