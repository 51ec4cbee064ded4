import NotificationService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<NotificationApplication>.main() }
}
