import ConsoleService
import Contracts
import CouponService
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Runtime
import Testing

/// What is tested of all services together, which none of their own tests sees.
let allServices: [any ServiceApplication.Type] = [
    OrderApplication.self, PaymentApplication.self, CouponApplication.self, InventoryApplication.self,
    NotificationApplication.self, ConsoleApplication.self,
]

@Suite("All services")
struct AllServicesTests {
    @Test("every service of the system is among those that are tested together")
    func complete() {
        #expect(allServices.map { $0.name } == ServiceName.allCases.map(\.rawValue))
    }
}
