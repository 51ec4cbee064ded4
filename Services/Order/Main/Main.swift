import OrderService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<OrderApplication>.main() }
}
