import Contracts

/// The content of `DIR/stack.json`: what is needed to find a stack's processes and to restart one.
struct StackRecord: Codable, Equatable {
    struct Service: Codable, Equatable {
        var name: ServiceName
        var url: String
        var port: Int
        var process: ProcessIdentity
    }

    /// New with every `up`, so that an older `up` sees that the folder belongs to another stack.
    var instance: String
    var basePort: Int
    /// Where the services listen (`HTTP_HOST`).
    var host: String
    var seedFolder: String
    /// Whether `down` was asked for.
    var stopping: Bool
    /// The environment of `up` without the tokens; a service that is started later gets the same.
    var environment: [String: String]
    var services: [Service]

    subscript(name: ServiceName) -> Service? {
        get { services.first { $0.name == name } }
        set {
            guard let newValue, let index = services.firstIndex(where: { $0.name == name }) else { return }
            services[index] = newValue
        }
    }
}
