/// A small, strict reader of Prometheus' text format 0.0.4, written from its specification, not from our
/// writer.
struct ParsedPage {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Violation: Error, CustomStringConvertible {
        var description: String
    }

    private(set) var kinds: [String: String] = [:]
    private(set) var help: [String: String] = [:]
    private(set) var samples: [Sample] = []

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Violation(description: "the last line has no line feed") }
        var family = ""
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(
                String.init)
            if words.count == 4, words[0] == "#", words[1] == "HELP" {
                guard help.updateValue(words[3], forKey: words[2]) == nil else {
                    throw Violation(description: "two \(line)")
                }
            } else if words.count == 4, words[0] == "#", words[1] == "TYPE" {
                family = words[2]
                guard kinds.updateValue(words[3], forKey: family) == nil else {
                    throw Violation(description: "two \(line)")
                }
            } else {
                let sample = try Self.sample(Array(line.unicodeScalars))
                let suffixes = kinds[family] == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                guard suffixes.contains(where: { family + $0 == sample.name }) else {
                    throw Violation(description: "outside its family: \(line)")
                }
                guard !samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels })
                else {
                    throw Violation(description: "a series twice: \(line)")
                }
                samples.append(sample)
            }
        }
    }

    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        samples.first { $0.name == name && $0.labels == labels }?.value
    }

    func series(_ name: String) -> [Sample] {
        samples.filter { $0.name == name }
    }

    private static func sample(_ line: [Unicode.Scalar]) throws -> Sample {
        var rest = line[...]
        func fail() -> Violation { Violation(description: String(String.UnicodeScalarView(line))) }
        func word(colons: Bool) throws -> String {
            let word = rest.prefix { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_": true
                case ":": colons
                default: false
                }
            }
            guard let first = word.first, !("0"..."9").contains(first) else { throw fail() }
            rest = rest.dropFirst(word.count)
            return String(String.UnicodeScalarView(word))
        }
        func expect(_ scalar: Unicode.Scalar) throws {
            guard rest.popFirst() == scalar else { throw fail() }
        }
        func quoted() throws -> String {
            try expect("\"")
            var text = String.UnicodeScalarView()
            while let scalar = rest.popFirst(), scalar != "\"" {
                guard scalar == "\\" else {
                    text.append(scalar)
                    continue
                }
                switch rest.popFirst() {
                case "n": text.append("\n")
                case "\\": text.append("\\")
                case "\"": text.append("\"")
                default: throw fail()
                }
            }
            return String(text)
        }

        let name = try word(colons: true)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            repeat {
                rest.removeFirst()
                let label = try word(colons: false)
                try expect("=")
                guard labels.updateValue(try quoted(), forKey: label) == nil else { throw fail() }
            } while rest.first == ","
            try expect("}")
        }
        try expect(" ")
        let number = String(String.UnicodeScalarView(rest))
        guard let value = Double(number) else { throw fail() }
        return Sample(name: name, labels: labels, value: value)
    }
}
