import InventoryService
import Runtime

@main
struct Main {
    static func main() async { await ServiceProcess<InventoryApplication>.main() }
}
