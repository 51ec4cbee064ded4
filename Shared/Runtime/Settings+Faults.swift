import Contracts
import Foundation
package import Resilience
import Transport

extension Settings {
    /// The faults of the calls to a dependency, under its name: `COUPON_FAULTS`, the JSON that `PUT /faults`
    /// takes, or its array alone. Their time begins with the start of the process.
    package mutating func faults(_ dependency: String) -> [Fault] {
        let key = "\(dependency)_FAULTS"
        let help = "faults that calls to it meet, as JSON like that of PUT /faults; needs FAULTS_ENABLED=true"
        guard let text = optional(key, help) else { return [] }
        if value("FAULTS_ENABLED").flatMap({ Bool($0.lowercased()) }) != true {
            problems.append("\(key) is set, but FAULTS_ENABLED isn't true")
        }
        do {
            return try Self.faultSet(text).policies
        } catch {
            let wrong = (error.document.errors ?? []).map { "\($0.pointer) \($0.detail)" }
            problems.append(
                "\(key) is not valid: \(wrong.isEmpty ? "it isn't JSON" : wrong.joined(separator: ", "))")
            return []
        }
    }

    private static func faultSet(_ text: String) throws(Problem) -> FaultSet {
        let isList = text.first { !$0.isWhitespace } == "["
        let body = Data((isList ? #"{"faults":\#(text)}"# : text).utf8)
        do {
            return try JSON.decodeBody(FaultSet.self, from: body) {
                $0.check(&$1, route: ClientFaults.refusal)
            }
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem.malformedJSON()
        }
    }
}
