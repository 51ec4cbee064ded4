import ConsoleService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<ConsoleApplication>.main() }
}
