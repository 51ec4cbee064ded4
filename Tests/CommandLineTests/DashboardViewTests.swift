import Contracts
import Foundation
import Testing

@testable import CommandLine
@testable import StackView

@Suite struct DashboardViewTests {
    private func view(_ width: Int, _ dashboard: Dashboard = .sample) throws -> DashboardView {
        DashboardView(
            dashboard: dashboard, width: width, place: "/home/me/shop/.csp",
            zone: try #require(TimeZone(identifier: "UTC")))
    }

    private func text(_ lines: [StyledLine]) -> String { lines.map(\.plain).joined(separator: "\n") }

    @Test("at 80 × 24 everything is shown, without blank lines")
    func narrow() throws {
        #expect(
            text(try view(80).lines(height: 24))
                == """
                csp watch  /home/me/shop/.csp                                           12:03:04
                ORDERS/S     CONFIRMED   ACCEPTED   REJECTED   CANCELLED    503     P50     P99
                50.3              48.1        2.2          0           0   <0.1  8.6 ms   1.3 s
                SERVICE      STATE             PID    UP   REQ/S     P50     P99  QUEUE  OLDEST
                order        degraded      4194304   12m     101  1.8 ms   24 ms    139     27s
                payment      ready         4194304   12m     101  1.8 ms   24 ms      0      0s
                coupon       dead                -     -       -       -       -      -       -
                inventory    ready         4194304   12m     101  1.8 ms   24 ms      0      0s
                notification frozen 12s    4194304     -       -       -       -      -       -
                ORDER ASKS   BREAKER        IN USE   OK/S REFUSED FAILED NOT ASKED    P50    P99
                inventory    closed           2/96    100       0      0         0 3.8 ms 8.0 ms
                payment      closed           2/96    100       0      0         0 3.8 ms 8.0 ms
                coupon       open, 2.4s       0/64      0       0      0      15.5      -      -
                notification closed           2/96    100       0      0         0 3.8 ms 8.0 ms
                SHED/S         CRITICAL-PLUS  CRITICAL  SHEDDABLE-PLUS  SHEDDABLE    429
                                           0         0             0.4        120      0

                LATELY
                12:03:04  ord_…83EJZ9A3  coupon-skipped (circuit-open), refund later  ×129
                12:03:02  ord_…814MQBT0  repaired coupon: redeemed; 305 refunded
                12:02:33  coupon         is dead
                """)
    }

    @Test("at 120 columns more is shown")
    func wide() throws {
        #expect(
            text(try view(120).lines())
                == """
                csp watch  /home/me/shop/.csp                                                      \
                                             12:03:04

                ORDERS/S     CONFIRMED   ACCEPTED   REJECTED   CANCELLED    503     P50     P99
                50.3              48.1        2.2          0           0   <0.1  8.6 ms   1.3 s

                SERVICE      STATE             PID    UP   REQ/S     P50     P99  QUEUE  OLDEST  DEAD\
                   AT WORK  WAITING  SHED/S
                order        degraded      4194304   12m     101  1.8 ms   24 ms    139     27s     0\
                     38/40        3     121
                payment      ready         4194304   12m     101  1.8 ms   24 ms      0      0s     0\
                         -        -       -
                coupon       dead                -     -       -       -       -      -       -     -\
                         -        -       -
                inventory    ready         4194304   12m     101  1.8 ms   24 ms      0      0s     0\
                         -        -       -
                notification frozen 12s    4194304     -       -       -       -      -       -     -\
                         -        -       -

                ORDER ASKS   BREAKER        IN USE   OK/S REFUSED FAILED NOT ASKED    P50    P99\
                  ROLE      LAST FAILURE
                inventory    closed           2/96    100       0      0         0 3.8 ms 8.0 ms\
                  critical  -
                payment      closed           2/96    100       0      0         0 3.8 ms 8.0 ms\
                  critical  -
                coupon       open, 2.4s       0/64      0       0      0      15.5      -      -\
                  optional  unreachable, 31s ago
                notification closed           2/96    100       0      0         0 3.8 ms 8.0 ms\
                  optional  -

                SHED/S         CRITICAL-PLUS  CRITICAL  SHEDDABLE-PLUS  SHEDDABLE    429
                                           0         0             0.4        120      0

                LATELY
                12:03:04  ord_01M7Z4VXPP3847T9FR83EJZ9A3  coupon-skipped (circuit-open), refund later  ×129
                12:03:02  ord_01M7Z4VYS29XAKKWHG814MQBT0  repaired coupon: redeemed; 305 refunded
                12:02:33  coupon                          is dead
                """)
    }

    @Test("only states are coloured")
    func colours() throws {
        let lines = try view(80).lines()
        func styled(_ start: String) -> String { lines.first { $0.plain.hasPrefix(start) }?.styled ?? "" }
        #expect(styled("order ").contains("\u{1B}[33mdegraded"))
        #expect(styled("payment ").contains("\u{1B}[32mready"))
        #expect(styled("coupon  ").contains("\u{1B}[31mdead"))
        #expect(styled("notification ").contains("\u{1B}[33mfrozen 12s"))
    }

    @Test(
        "no line is wider than the terminal, and no dashboard higher",
        arguments: [1, 20, 79, 80, 81, 110, 200],
        [1, 10, 24, 50])
    func fits(width: Int, height: Int) throws {
        let lines = try view(width).lines(height: height)
        #expect(lines.count <= height)
        #expect(lines.allSatisfy { $0.count <= width })
    }

    @Test("an unknown value is a dash")
    func unknown() throws {
        var dashboard = Dashboard.sample
        dashboard.orders = nil
        dashboard.dependencies = []
        dashboard.events = []
        dashboard.services = dashboard.services.filter(\.state.isUp)
        let text = text(try view(80, dashboard).lines())
        #expect(text.contains("\n-                    -          -"))
        #expect(text.hasSuffix("LATELY\nnothing out of the ordinary"))
    }

    @Test("while order is dead its figures are unknown, no breaker is closed, and nothing is called normal")
    func deadOrder() throws {
        var dashboard = Dashboard.sample
        dashboard.orders = nil
        dashboard.events = []
        dashboard.services[0] = Dashboard.Service(
            name: .order, url: "http://127.0.0.1:8081", state: .dead, ageSeconds: 12.3)
        for index in dashboard.dependencies.indices {
            dashboard.dependencies[index].breaker = Dashboard.Dependency.unknown
            dashboard.dependencies[index].ageSeconds = 12.3
            dashboard.dependencies[index].callsPerSecond = [:]
            (dashboard.dependencies[index].inUse, dashboard.dependencies[index].limit) = (nil, nil)
            dashboard.dependencies[index].latency = nil
        }
        let lines = try view(80, dashboard).lines()
        let text = text(lines)
        #expect(
            text.contains(
                "\nunknown 12s          -          -          -           -      -       -       -\n"))
        #expect(
            text.contains(
                "\npayment      unknown 12s         -      -       -      -         -      -      -\n"))
        #expect(text.contains("\n                           -         -               -          -      -\n"))
        #expect(!text.contains("closed") && !text.contains("nothing out of the ordinary"))
        #expect(text.hasSuffix("LATELY\nno news, but order is dead, coupon is dead, notification is frozen"))
        #expect(lines.contains { $0.styled.contains("\u{1B}[33munknown 12s") })
    }
}
