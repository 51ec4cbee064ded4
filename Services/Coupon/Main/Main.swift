import CouponService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<CouponApplication>.main() }
}
