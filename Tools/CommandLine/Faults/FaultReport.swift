import ArgumentParser
import Contracts
import StackView

/// The faults of several services.
struct FaultReport: Encodable {
    struct Service: Encodable {
        var name: ServiceName
        var faults: [FaultStatus.Entry]
        /// Why the service could not be asked.
        var problem: String?
    }

    var services: [Service] = []

    /// Asks one service after the other, also after one has failed.
    init(_ services: [StackRecord.Service], ask: (StackRecord.Service) async throws(Failure) -> FaultStatus)
        async
    {
        for service in services {
            var told = Service(name: service.name, faults: [])
            do throws(Failure) {
                told.faults = try await ask(service).faults
            } catch {
                told.problem = error.message
            }
            self.services.append(told)
        }
    }

    /// Prints it. A problem that all have is said once.
    ///
    /// - Throws: exit code 1 if there was a problem.
    func tell(json: Bool) throws {
        let problems = services.compactMap(\.problem)
        if json {
            Terminal.print(try Terminal.json(self))
        } else if services.isEmpty {
            Terminal.print("No service lives, so none has faults.")
        } else {
            for service in services where service.problem == nil {
                Terminal.print(FaultStatus(faults: service.faults).lines(of: service.name))
            }
            for (index, problem) in problems.enumerated() where problems.firstIndex(of: problem) == index {
                Terminal.error(problem)
            }
        }
        if !problems.isEmpty { throw ExitCode(1) }
    }
}
