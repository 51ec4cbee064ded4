import Foundation

/// `make bench`: what an order costs, beside what this machine can do at all, measured in the same run.
@main
struct Main {
    static func main() async {
        do {
            print("Release build, one run, everything on this machine (load generator included).\n")
            let floor = try await FloorBenchmark.run()
            print(floor.text)
            let orders = try await OrderBenchmark.run()
            print(orders.text(beside: floor))
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            exit(1)
        }
    }
}
