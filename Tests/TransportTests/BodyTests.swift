import Contracts
import Foundation
import Hummingbird
import Resilience
import ServingPath
import TestSupport
import Testing

@testable import Transport

/// The fields of a request's body, and how they are decoded.
private struct Sample: Codable, Sendable, Equatable {
    struct Item: Codable, Sendable, Equatable {
        var sku: String
        var quantity: Int
    }

    var items: [Item]
    var share: Double?
    var seed: UInt64?
    var limits: [String: Double]?
}

@Suite("Bodies of requests", .timeLimit(.minutes(10)))
struct BodyTests {
    @Test("a number that its field can't take is named once, whatever the body has beside it")
    func oneNumber() throws {
        for (keys, numbers) in [(1, 1), (2000, 2000), (130_000, 32_000)] {
            let list = Array(repeating: "1.5", count: numbers).joined(separator: ",")
            let rest = #""\#(String(repeating: "k", count: keys))":[\#(list)]"#
            let answer = Self.answer(to: #"{"items":[{"sku":"a","quantity":1e400}],\#(rest)}"#)
            #expect(answer.status == 422)
            #expect(answer.body.count < 1000)
            let problem = try JSON.decode(ProblemDocument.self, from: answer.body)
            #expect(
                problem.errors == [
                    FieldError(pointer: "/items/0/quantity", detail: "must be a whole number in range")
                ])
        }
    }

    @Test(
        "the wrong number is told apart from the right ones",
        arguments: [
            (#"{"items":[{"sku":"a","quantity":1.0},{"sku":"a","quantity":1.5}]}"#, "/items/1/quantity"),
            (#"{"items":[{"sku":"a","quantity":1e2},{"sku":"a","quantity":-1e-2}]}"#, "/items/1/quantity"),
            (
                #"{"share":12.5,"seed":18446744073709551615,"items":[{"sku":"a","quantity":1.5}]}"#,
                "/items/0/quantity"
            ),
            (
                #"{"items":[{"sku":"a","quantity":9223372036854775808}],"seed":18446744073709551615}"#,
                "/items/0/quantity"
            ),
            (#"{"items":[],"seed":18446744073709551616}"#, "/seed"),
            (#"{"items":[],"share":-2,"seed":-1}"#, "/seed"),
            (#"{"items":[],"share":1e400}"#, "/share"),
            (#"{"items":[],"limits":{"a/b":1.5,"c":-1e999}}"#, "/limits/c"),
            (#"{"items":[{"sku":"\"1.5\\","quantity":1.5}],"x":"1e400"}"#, "/items/0/quantity"),
        ])
    func rightField(body: String, pointer: String) throws {
        let problem = try JSON.decode(ProblemDocument.self, from: Self.answer(to: body).body)
        #expect(problem.errors?.map(\.pointer) == [pointer])
    }

    @Test(
        "what isn't JSON is malformed, whatever numbers it has",
        arguments: [
            "", "{", "[1.5", #"{"items":[1.5}"#, #"{"items":[],"share":1.}"#, #"{"items":[],"share":01.5}"#,
            #"{"items":[],"share":.5}"#, #"{"items":[],"share":1e}"#, #"{"items":[],"share":+1.5}"#,
            #"{"items":"1.5"#,
            #"{"items":"\"#,
        ])
    func malformed(body: String) {
        #expect(Self.answer(to: body).status == 400)
    }

    @Test("no answer outgrows its bounds, whatever the body")
    func bounded() throws {
        var random = SeededRandomSource("nasty bodies")
        for _ in 0..<300 {
            let body = NastyBody.make(&random)
            let answer = Self.answer(to: body)
            #expect(answer.body.count <= 16_384 || answer.status == 200, "\(body.prefix(200))")
            guard answer.status != 200 else { continue }
            let problem = try JSON.decode(ProblemDocument.self, from: answer.body)
            #expect((problem.errors?.count ?? 0) <= 20)
        }
    }

    @Test("no more than 20 fields are listed, and no pointer, detail or path at its full length")
    func echoes() throws {
        let long = String(repeating: "e\u{301}\u{327}", count: 50_000)
        var check = FieldCheck()
        for index in 0..<1000 { check(false, "/\(index)/\(long)", long) }
        let answer = Answer.problem(check.problem, instance: "/" + String(repeating: "%22", count: 5000))
        let problem = try JSON.decode(ProblemDocument.self, from: answer.body)
        #expect(problem.errors?.count == 20)
        #expect(answer.body.count < 40_000)
        #expect(problem.instance?.utf8.count == 200)
        #expect("abc".excerpt(3) == "abc")
        #expect(("a" + String(repeating: "\u{301}", count: 1000)).excerpt(3) == "a\u{301}\u{301}…")
    }

    @Test(
        "a large body is decoded in turn on a thread of its own, a small one isn't; a late one not at all"
    )
    func offTheLoop() async throws {
        let small = try JSON.encode(Sample(items: [.init(sku: "a", quantity: 1)]))
        let large = small + Data(repeating: UInt8(ascii: " "), count: LargeValues.threshold)
        let (begin, begun) = AsyncStream.makeStream(of: Void.self)
        let release = DispatchSemaphore(value: 0)
        async let blocking: Void = LargeValues.run {
            begun.yield()
            release.wait()
        }
        for await _ in begin { break }
        let isReleased = Watched(false)
        async let decoded = {
            let value = try await Self.call(large).decode(Sample.self)
            return (value, isReleased.value)
        }()
        async let late = Self.call(large, deadline: .after(.zero)).decode(Sample.self)
        #expect(try await Self.call(small).decode(Sample.self).items.count == 1)
        isReleased.update { $0 = true }
        release.signal()
        try await blocking
        let (value, wasReleased) = try await decoded
        #expect(value.items.count == 1 && wasReleased)
        let code: String?
        do {
            code = "none, but \(try await late)"
        } catch {
            code = (error as? Problem)?.document.code
        }
        #expect(code == "deadline-exceeded")
    }

    @Test("a page ends early where its documents are large, and its cursor leads on")
    func largePages() async throws {
        var check = FieldCheck()
        let paging = Paging(Self.call(Data(), query: ["limit": "500"]), &check)
        let items = (0..<40).map {
            Sample.Item(sku: "\($0)" + String(repeating: "x", count: 100_000), quantity: $0)
        }
        let answer = try await paging.answer(items) { "\($0.quantity)" }
        let page = try JSON.decode(Page<Sample.Item>.self, from: answer.body)
        // The sixth exceeds half a mebibyte.
        let isRight = page.items == Array(items.prefix(6))
        #expect(isRight)
        let next = Paging(Self.call(Data(), query: ["cursor": page.nextCursor ?? ""]), &check)
        #expect(next.after == "5")
        let last = try await paging.answer(Array(items.prefix(3))) { "\($0.quantity)" }
        #expect(try JSON.decode(Page<Sample.Item>.self, from: last.body).nextCursor == nil)
    }

    private static func answer(to body: String) -> Answer {
        do {
            return try .json(200, try JSON.decodeBody(Sample.self, from: Data(body.utf8)))
        } catch {
            return .problem(error as? Problem ?? .internalError, instance: "/sample")
        }
    }

    private static func call(
        _ body: Data, query: [String: String] = [:], deadline: Deadline = .after(.seconds(60))
    ) -> Call {
        Call(
            method: .post, path: "/sample", authority: nil, body: body, deadline: deadline,
            criticality: .critical, refusal: nil,
            headers: [.contentType: "application/json"], parameters: Parameters(), query: query)
    }
}

/// Bodies that are expensive to decode: pieces of JSON, repeated, nested and in the wrong fields.
private enum NastyBody {
    private static let atoms = [
        "1", "1.5", "1e400", "-0", "99999999999999999999", "true", "null", #""""#, #""\u0301""#,
        "\"\u{301}\u{327}\"", "{}",
        "[]",
        #"{"quantity":1.5}"#, #"{"sku":"a","quantity":1e400}"#, #"{"sku":1}"#, "nonsense", #""\ud800""#,
    ]

    static func make(_ random: inout SeededRandomSource) -> String {
        let fields = [
            "items", "share", "seed", "limits", String(repeating: "~/\u{301}", count: random.upTo(2000)),
        ]
        let members = (0...random.upTo(4)).map { _ in
            #""\#(fields[random.upTo(fields.count)])":\#(value(&random, depth: 4))"#
        }
        return "{" + members.joined(separator: ",") + (random.upTo(10) == 0 ? "" : "}")
    }

    private static func value(_ random: inout SeededRandomSource, depth: Int) -> String {
        let atom = atoms[random.upTo(atoms.count)]
        let count = [1, 3, 1000][random.upTo(3)]
        switch depth > 0 ? random.upTo(4) : 0 {
        case 1: return "[" + Array(repeating: atom, count: count).joined(separator: ",") + "]"
        case 2:
            return "[" + (0..<3).map { _ in value(&random, depth: depth - 1) }.joined(separator: ",") + "]"
        case 3:
            let key = String(repeating: "k", count: random.upTo(3000))
            return #"{"\#(key)":\#(value(&random, depth: depth - 1)),"\#(key)":\#(atom)}"#
        default: return atom
        }
    }
}
