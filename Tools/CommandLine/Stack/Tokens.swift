import Foundation

/// The secrets of a stack, kept in `DIR/tokens.json` where its owner alone may read them.
struct Tokens: Codable, Equatable {
    var adminToken: String
    var serviceToken: String

    /// For `up`: the environment's tokens, else the stored ones, else new ones. They are stored in any case,
    /// so that a service that is started later from another terminal has the same.
    static func establish(in folder: StackFolder, environment: [String: String]) throws -> Tokens {
        let kept = try? read(from: folder)
        func token(_ key: String, _ kept: String?) -> String {
            [environment[key], kept].compactMap { $0 }.first { !$0.isEmpty } ?? madeUp()
        }
        let tokens = Tokens(
            adminToken: token("ADMIN_TOKEN", kept?.adminToken),
            serviceToken: token("SERVICE_TOKEN", kept?.serviceToken))
        if tokens != kept { try OwnerFile.write(Terminal.json(tokens), to: file(folder)) }
        return tokens
    }

    static func read(from folder: StackFolder) throws -> Tokens {
        guard let data = FileManager.default.contents(atPath: file(folder)) else {
            throw Failure("\(file(folder)) can't be read")
        }
        guard let tokens = try? JSONDecoder().decode(Tokens.self, from: data) else {
            throw Failure("\(file(folder)) doesn't hold {adminToken, serviceToken}")
        }
        return tokens
    }

    /// For commands that ask services: the stack's, else the environment's, as in a container.
    /// - Parameters:
    ///   - token: the one that is asked for.
    ///   - key: its setting.
    static func known(
        _ token: KeyPath<Tokens, String>, _ key: String, in folder: StackFolder,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws -> String {
        if FileManager.default.fileExists(atPath: file(folder)) {
            return try read(from: folder)[keyPath: token]
        }
        guard let value = environment[key], !value.isEmpty else {
            throw Failure("there is no \(file(folder)), and \(key) isn't set")
        }
        return value
    }

    private static func file(_ folder: StackFolder) -> String { "\(folder.path)/tokens.json" }

    /// 256 bits from the system's generator, in hexadecimal.
    private static func madeUp() -> String {
        (0..<4).map { _ in randomHex(UInt64.self) }.joined()
    }
}

/// Random hexadecimal digits for every bit of the integer, from the system's generator.
func randomHex<Word: FixedWidthInteger & UnsignedInteger>(_ type: Word.Type) -> String {
    let digits = String(Word.random(in: .min ... .max), radix: 16)
    return String(repeating: "0", count: Word.bitWidth / 4 - digits.count) + digits
}
