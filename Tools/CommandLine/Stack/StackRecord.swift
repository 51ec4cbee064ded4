import Contracts

/// What `DIR/stack.json` says: all that is needed to find a stack's processes, and to start one of them
/// again.
struct StackRecord: Codable, Equatable {
    struct Service: Codable, Equatable {
        var name: ServiceName
        var url: String
        var port: Int
        var process: ProcessIdentity
    }

    /// Another one with every `up`, so that an older `up` sees that the folder isn't its own any more.
    var instance: String
    var basePort: Int
    /// Where the services listen (`HTTP_HOST`).
    var host: String
    var seedFolder: String
    /// Whether `down` was asked for.
    var stopping: Bool
    /// Of the `up`, without the tokens: a service started later gets the same.
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
