import Foundation
import Runtime
import Testing

@Suite("CSV")
struct CSVTests {
    private func fields(_ text: String) throws -> [[String]] {
        try CSV.records(of: Data(text.utf8), columns: ["a", "b"]).map { [$0["a"], $0["b"]] }
    }

    @Test(
        "records are read according to RFC 4180",
        arguments: [
            ("a,b\n1,2\n3,4\n", [["1", "2"], ["3", "4"]]), ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
            ("\u{feff}a,b\n1,2", [["1", "2"]]), ("b,a\n1,2", [["2", "1"]]), ("a,b\n,\n", [["", ""]]),
            ("a,b\n\"1,\"\"x\"\"\",\"2\r\n3\"\n", [["1,\"x\"", "2\r\n3"]]),
            ("\"a\",\"b\"\n\"\",\"\"", [["", ""]]),
            ("a,b\n\n\r\n1,2\n\n", [["1", "2"]]), ("a,b\n우유,🥛", [["우유", "🥛"]]),
            ("a,b\n 1 ,2\r", [[" 1 ", "2\r"]]),
            ("a,b\n", []),
        ])
    func reads(text: String, expected: [[String]]) throws {
        #expect(try fields(text) == expected)
    }

    @Test("each record knows the line that it begins in")
    func lines() throws {
        let text = "a,b\n\"1\n\n\",2\n\n3,4"
        #expect(try CSV.records(of: Data(text.utf8), columns: []).map(\.line) == [2, 6])
    }

    @Test(
        "an invalid record is refused with its line",
        arguments: [
            ("", 1), ("a,a,b\n", 1), ("a\n1", 1), ("a,b\n1", 2), ("a,b\n1,2,3", 2),
            ("a,b\n1,2\n\"3,4\n5,6", 3),
            ("a,b\n1,x\"y", 2), ("a,b\n1,\"x\"y", 2), ("a,b\n1,\u{0}", 2),
        ])
    func refuses(text: String, line: Int) throws {
        let error = #expect(throws: CSV.Malformed.self) { try fields(text) }
        #expect(error?.line == line, "\(String(describing: error))")
    }

    @Test("bytes that aren't UTF-8 are refused")
    func notText() {
        let error = #expect(throws: CSV.Malformed.self) {
            try CSV.records(of: Data("a,b\n1,".utf8) + [0xff], columns: [])
        }
        #expect(error?.description == "line 2, column 2: is not UTF-8")
    }
}
