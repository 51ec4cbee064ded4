package import Contracts

/// The content of `DIR/stack.json`: what is needed to find a stack's processes and to restart one.
package struct StackRecord: Codable, Equatable {
    package struct Service: Codable, Equatable {
        package var name: ServiceName
        package var url: String
        package var port: Int
        package var process: ProcessIdentity

        package init(name: ServiceName, url: String, port: Int, process: ProcessIdentity) {
            self.name = name
            self.url = url
            self.port = port
            self.process = process
        }
    }

    /// New with every `up`, so that an older `up` sees that the folder belongs to another stack.
    package var instance: String
    package var basePort: Int
    /// Where the services listen (`HTTP_HOST`).
    package var host: String
    package var seedFolder: String
    /// Whether `down` was asked for.
    package var stopping: Bool
    /// The environment of `up` without the tokens; a service that is started later gets the same.
    package var environment: [String: String]
    package var services: [Service]

    package init(
        instance: String, basePort: Int, host: String, seedFolder: String, stopping: Bool,
        environment: [String: String], services: [Service]
    ) {
        self.instance = instance
        self.basePort = basePort
        self.host = host
        self.seedFolder = seedFolder
        self.stopping = stopping
        self.environment = environment
        self.services = services
    }

    package subscript(name: ServiceName) -> Service? {
        get { services.first { $0.name == name } }
        set {
            guard let newValue, let index = services.firstIndex(where: { $0.name == name }) else { return }
            services[index] = newValue
        }
    }
}
