package import Contracts
package import GRDB

/// What keeps a store's data: a ``FileEngine`` in every service, or any other type that keeps the same
/// promises.
package protocol StoreEngine: Sendable {
    /// Which store this is, and how far it has come: never ahead of what is kept.
    var mark: StoreMark { get }
    /// How the last write went.
    var health: StoreHealth { get }

    /// Runs `body` in a transaction of its own, or in a savepoint of a shared one, and returns once it is
    /// kept. Cancelling the task neither stops nor undoes it.
    /// - Parameter committed: called once it is kept, before the caller is told.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value, committed: @escaping @Sendable () -> Void
    ) async throws -> Value

    /// Runs `body` on what was committed before; cancelling the task may end it with `CancellationError`.
    func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value

    /// Copies what is committed now into a new file; see ``Store/backup(to:leaving:)``.
    func backup(to path: String, leaving reserve: Int64) async throws -> Int64

    /// Lets the writes that wait finish; later calls throw.
    func close()
}
