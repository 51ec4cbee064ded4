import ArgumentParser

/// `--data`, which every command has.
struct DataFolderOption: ParsableArguments {
    @Option(name: .customLong("data"), help: ArgumentHelp("Folder of the stack: its files, logs and tokens.", valueName: "dir"))
    var path = StackFolder.defaultPath

    var folder: StackFolder { StackFolder(path: path) }
}

/// `SERVICE`, where a command breaks or mends one of them.
struct ServiceArgument: ParsableArguments {
    @Argument(help: "order, payment, coupon, inventory or notification.")
    var service: ServiceName
}
