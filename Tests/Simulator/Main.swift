import CSimulation
import Foundation
import Mutants
import Transport

/// `simulator --seed N --steps M [--mutant NAME] [--trace] [--calm]`: runs episodes with the seeds from N on,
/// until M steps were taken or a property is broken; then it exits with 1.
@main
struct Simulator {
    static func main() {
        sim_start_anew(CommandLine.unsafeArgv)
        do {
            let options = try Options(CommandLine.arguments.dropFirst())
            LargeValues.runInline()
            guard Scheduler.shared.takeOver() else {
                throw Problem("the Swift runtime has no hooks for its tasks here")
            }
            exit(try run(options) ? 0 : 1)
        } catch {
            FileHandle.standardError.write(Data("simulator: \(error)\n".utf8))
            exit(2)
        }
    }

    private struct Problem: Error, CustomStringConvertible {
        var description: String
        init(_ description: String) { self.description = description }
    }

    private struct Options {
        var seed: UInt64 = 1
        var steps = 100_000
        var isTraced = false
        var isCalm = false

        init(_ arguments: ArraySlice<String>) throws {
            var rest = Array(arguments)
            func value() throws -> UInt64 {
                guard let text = rest.first, let number = UInt64(text) else {
                    throw Problem("a number is missing")
                }
                rest.removeFirst()
                return number
            }
            while !rest.isEmpty {
                switch rest.removeFirst() {
                case "--seed": seed = try value()
                case "--steps": steps = Int(clamping: try value())
                case "--trace": isTraced = true
                case "--calm": isCalm = true
                case "--mutant":
                    guard let mutant = rest.first.flatMap(Mutant.init) else {
                        throw Problem("no such mutant")
                    }
                    rest.removeFirst()
                    #if DEBUG
                        // Before the services read it, once.
                        setenv("CSP_MUTANT", mutant.rawValue, 1)
                    #else
                        throw Problem("there is no \(mutant) in a release build")
                    #endif
                case let other: throw Problem("unknown argument \(other)")
                }
            }
        }
    }

    /// - Returns: whether all properties held.
    private static func run(_ options: Options) throws -> Bool {
        let began = sim_processor_time()
        let seeds = try Seeds()
        let scheduler = Scheduler.shared
        let first = scheduler.steps
        var seed = options.seed
        var mishaps: [String: Int] = [:]
        var reached: Set<String> = []
        var episodes = 0
        var violation: Violation?
        while violation == nil, scheduler.steps - first < options.steps {
            let shop = try Shop(seed: seed, seeds: seeds, isTraced: options.isTraced, isCalm: options.isCalm)
            violation = shop.run()
            mishaps.merge(shop.mishaps, uniquingKeysWith: +)
            reached.formUnion(try shop.reached())
            episodes += 1
            if let violation {
                print("CSP_SEED=\(seed): \(violation)")
                if options.isTraced { shop.trace.about(words(violation)).forEach { print($0) } }
            }
            shop.close()
            seed &+= 1
        }
        let steps = scheduler.steps - first
        let seconds = Double(sim_processor_time() - began) / 1e9
        print("steps \(steps) episodes \(episodes) fingerprint \(String(scheduler.fingerprint, radix: 16))")
        print(
            """
            mishaps \
            \(mishaps.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))
            """)
        for outcome in reached.sorted() { print("reached \(outcome)") }
        FileHandle.standardError.write(
            Data(
                """
                \(Int(Double(steps) / seconds)) steps/s, \
                \(String(format: "%.1f", seconds)) s of processor time

                """
                .utf8))
        return violation == nil
    }

    private static func words(_ violation: Violation) -> [String] {
        [violation.about] + violation.detail.matches(of: /ord_[0-9A-Z]+/).map { String($0.output) }
    }
}
