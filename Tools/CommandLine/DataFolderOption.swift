import ArgumentParser
import Contracts

/// `--data`, which every command has.
struct DataFolderOption: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp("Folder of the stack: its files, logs and tokens.", valueName: "dir"))
    var path = StackFolder.defaultPath

    var folder: StackFolder { StackFolder(path: path) }
}

/// `--accept-loss`, where services are started.
struct AcceptLossFlag: ParsableArguments {
    @Flag(
        name: .customLong("accept-loss"),
        help: "Continue with what each store holds, although acknowledged writes are missing.")
    var isGiven = false
}

/// `SERVICE`, where a command breaks or repairs one service.
struct ServiceArgument: ParsableArguments {
    @Argument(help: "\(ServiceName.list).")
    var service: ServiceName
}
