import PaymentService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<PaymentApplication>.main() }
}
