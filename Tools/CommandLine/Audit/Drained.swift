import Contracts

extension StackReader {
    /// Returns once every queue is empty of ready, leased and delayed messages.
    ///
    /// - Throws: ``Failure`` `not-drained`, naming services and counts, after `wait`.
    func waitUntilDrained(_ wait: Duration, progress: (String) -> Void) async throws {
        let limit = ContinuousClock.now + wait
        while true {
            let busy = await busyQueues(within: max(.seconds(1), limit - .now))
            if busy.isEmpty { return }
            guard ContinuousClock.now < limit else {
                throw Failure(
                    """
                    not-drained: \(busy.joined(separator: "; ")) after \(wait.seconds.formattedWithoutZeros) s
                    """)
            }
            progress("waiting for \(busy.joined(separator: "; "))")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The services are asked in the direction in which work flows: what order delivers between two requests
    /// is seen at its receiver.
    private func busyQueues(within limit: Duration) async -> [String] {
        var busy: [String] = []
        for name in names {
            do {
                let queue = try await get(QueueStatus.self, name, "/queue", within: min(limit, Self.longest))
                if queue.ready + queue.leased + queue.delayed > 0 {
                    busy.append(
                        "\(name) has \(queue.ready) ready, \(queue.leased) leased, \(queue.delayed) delayed")
                }
            } catch {
                busy.append((error as? Failure)?.message ?? "\(error)")
            }
        }
        return busy
    }
}
