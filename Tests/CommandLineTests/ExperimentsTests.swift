import Contracts
import Testing

@testable import CommandLine

@Suite struct ExperimentsTests {
    private let names = Experiments.all(SampleDrill.path).map(\.name)

    @Test("dependencies are broken in each way, then pairs, parts, order itself, then overload")
    func all() {
        #expect(names.count == 4 * 6 + 6 + 7 + 1 + 3 + 1)
        #expect(Set(names).count == names.count)
        for name in [
            "inventory-killed", "payment-black-holed", "coupon+notification-garbage", "order-killed",
            "overload-5x",
            "brownout-payment-at-10",
        ] {
            #expect(names.contains(name))
        }
        #expect(!names.contains { $0.hasPrefix("inventory+") })
    }

    @Test("a dependency that order newly declares is drilled without a change of the drill")
    func derived() {
        var path = SampleDrill.path
        path.dependencies.append(SampleDrill.dependency("loyalty", .optional))
        let names = Experiments.all(path).map(\.name)
        #expect(names.filter { $0.hasPrefix("loyalty-") }.count == 6)
        #expect(names.contains("coupon+loyalty-killed") && names.contains("notification+loyalty-killed"))
    }

    @Test("the quick selection has every fault and dependency, a pair, a brownout, order and an overload")
    func quick() {
        let quick = Experiments.quick(SampleDrill.path)
        #expect(
            Set(quick.map(\.kind)) == Set(DrillFault.allCases.map(\.rawValue) + ["brownout", "overload"]))
        #expect(quick.compactMap(\.partial).map(\.name) == ["payment-at-10"])
        #expect(Set(quick.flatMap(\.targets)) == ["inventory", "payment", "coupon", "notification", "order"])
        #expect(quick.contains { $0.dependencies.count == 2 })
        #expect(Set(quick.map(\.name)).isSubset(of: names))
    }

    @Test("without dependencies there are only order itself and overload to drill")
    func nothing() {
        let path = PathDocument(service: "order", dependencies: [])
        #expect(Experiments.quick(path).map(\.name) == ["order-killed", "overload-2x"])
        #expect(Experiments.all(path).count == 4)
    }

    @Test("--only takes every experiment whose name begins so, and refuses a name without any")
    func chosen() throws {
        let all = Experiments.all(SampleDrill.path)
        #expect(
            try Experiments.chosen(["coupon-"], from: all).map(\.name)
                == names.filter { $0.hasPrefix("coupon-") })
        #expect(try Experiments.chosen(["coupon"], from: all).count == 12)
        #expect(
            try Experiments.chosen(["order-killed", "payment-slow"], from: all).map(\.name) == [
                "payment-slow", "order-killed",
            ])
        #expect(try Experiments.chosen([], from: all) == all)
        #expect(throws: Experiments.UnknownExperiment(name: "warp")) {
            try Experiments.chosen(["warp"], from: all)
        }
    }

    @Test("the hypothesis comes from what order declares")
    func hypothesis() {
        let one = Experiment(disruption: .broken([SampleDrill.coupon], .slow))
        #expect(one.hypothesis == "every order is confirmed: coupon later")
        let critical = Experiment(disruption: .broken([SampleDrill.payment], .slow))
        #expect(critical.hypothesis.contains("accepted"))
    }

    @Test("an injected fault expires, and a signal isn't an injected fault", arguments: DrillFault.allCases)
    func requests(kind: DrillFault) {
        let request = kind.request(seed: 7, expiresAfter: 60)
        #expect((request == nil) == (kind == .killed || kind == .frozen))
        if let request { #expect(request.expiresInSeconds == 60 && request.seed == 7) }
    }
}
