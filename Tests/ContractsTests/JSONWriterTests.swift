import Foundation
import TestSupport
import Testing

@testable import Contracts

@Suite("JSON as it is written")
struct JSONWriterTests {
    private struct Line: Encodable {
        var sku: String
        var name: String?
        @Nullable var unitPrice: Int?
    }

    private struct Document: Encodable {
        var status: String
        var id: String
        var lines: [Line]
        var amounts: [String: Int]
        var attributes: [String: [String: Bool]] = [:]
    }

    private func text(_ value: some Encodable) throws -> String {
        String(decoding: try JSON.encode(value), as: UTF8.self)
    }

    @Test("members stand in the order of their declaration, those of dictionaries in that of their keys")
    func order() throws {
        let document = Document(
            status: "confirmed", id: "o",
            lines: [Line(sku: "b", name: nil, unitPrice: nil), Line(sku: "a", name: "A", unitPrice: 3)],
            amounts: ["z": 1, "b": 2, "": 3, "c": 4],
            attributes: ["two": ["y": true, "x": false], "one": [:]])
        let lines = #"{"sku":"b","unitPrice":null},{"sku":"a","name":"A","unitPrice":3}"#
        let attributes = #"{"one":{},"two":{"x":false,"y":true}}"#
        #expect(
            try text(document) == #"{"status":"confirmed","id":"o","lines":[\#(lines)],"#
                + #""amounts":{"":3,"b":2,"c":4,"z":1},"attributes":\#(attributes)}"#)
    }

    /// Any value that JSON has.
    private enum Tree: Encodable {
        case null, flag(Bool), integer(Int64), real(Double), text(String), list([Tree]), members(
            [String: Tree])

        static func random(_ random: inout SeededRandomSource, depth: Int = 4) -> Tree {
            switch random.upTo(depth > 0 ? 8 : 5) {
            case 0: return .null
            case 1: return .flag(random.upTo(2) == 0)
            case 2: return .integer(Int64(bitPattern: random.next()) >> random.upTo(64))
            case 3:
                let real = Double(bitPattern: random.next())
                return .real(real.isFinite && random.upTo(2) == 0 ? real : Double(random.upTo(1000)) / 8)
            case 4: return .text(characters(&random))
            case 5, 6: return .list((0..<random.upTo(5)).map { _ in .random(&random, depth: depth - 1) })
            default:
                let members = (0..<random.upTo(5)).map { _ in
                    ("k\(random.upTo(100))", Tree.random(&random, depth: depth - 1))
                }
                return .members(Dictionary(members) { first, _ in first })
            }
        }

        private static func characters(_ random: inout SeededRandomSource) -> String {
            let all = [
                "\"", "\\", "/", "\u{0}", "\u{8}", "\t", "\n", "\u{c}", "\r", "\u{1f}", "\u{7f}", "a", "é",
                "한", "🙂",
            ]
            return (0..<random.upTo(6)).map { _ in all[random.upTo(all.count)] }.joined()
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch self {
            case .null: try container.encodeNil()
            case .flag(let flag): try container.encode(flag)
            case .integer(let number): try container.encode(number)
            case .real(let number): try container.encode(number)
            case .text(let text): try container.encode(text)
            case .list(let values): try container.encode(values)
            case .members(let members): try container.encode(members)
            }
        }
    }

    @Test("what has no declared order is written as Foundation writes it, byte for byte")
    func foundation() throws {
        var random = SeededRandomSource("JSON")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        for _ in 0..<2000 {
            let tree = Tree.random(&random)
            #expect(try text(tree) == String(decoding: encoder.encode(tree), as: UTF8.self))
        }
    }

    private struct Nested: Encodable {
        enum Key: String, CodingKey { case list, object, after }

        var usesFinished = false

        func encode(to encoder: any Encoder) throws {
            var outer = encoder.container(keyedBy: Key.self)
            var list = outer.nestedUnkeyedContainer(forKey: .list)
            try list.encode(1)
            var inner = list.nestedContainer(keyedBy: Key.self)
            try inner.encode("in", forKey: .object)
            try list.encode(list.count)
            try [2: "two"].encode(to: outer.superEncoder(forKey: .object))
            try "base".encode(to: outer.superEncoder())
            try outer.encode(true, forKey: .after)
            if usesFinished { try list.encode(3) }
        }
    }

    @Test("nested containers and superclasses are written where they stand; one that is over can't be used")
    func nested() throws {
        #expect(
            try text(Nested())
                == #"{"list":[1,{"object":"in"},2],"object":{"2":"two"},"super":"base","after":true}"#)
        #expect(throws: EncodingError.self) { try JSON.encode(Nested(usesFinished: true)) }
    }

    @Test("a number that JSON doesn't have is refused", arguments: [Double.infinity, -.infinity, .nan])
    func finite(number: Double) {
        #expect(throws: EncodingError.self) { try JSON.encode(["a": number]) }
    }
}
