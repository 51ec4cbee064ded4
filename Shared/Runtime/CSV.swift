import Contracts
package import Foundation
import Transport

/// Files of comma-separated values (RFC 4180) whose first line names the columns.
package enum CSV {
    /// One record below the header.
    package struct Record: Sendable {
        /// Where the record begins in the file, counted from 1.
        package let line: Int
        let fields: [String: String]

        /// The field of a column; empty where the file doesn't have the column.
        package subscript(column: String) -> String { fields[column] ?? "" }

        /// - Parameter reason: what the column's field has to be, after the field: `must be …`.
        package func malformed(_ column: String, _ reason: String) -> Malformed {
            Malformed(
                line: line, column: column, reason: "\(self[column].excerpt(40).debugDescription) \(reason)")
        }

        /// The field of a column as `parse` reads it; nil where it is empty, or there is no such column.
        package func optional<Value>(
            _ column: String, _ reason: String, parse: (String) -> Value?
        ) throws(Malformed) -> Value? {
            guard !self[column].isEmpty else { return nil }
            guard let value = parse(self[column]) else { throw malformed(column, reason) }
            return value
        }

        /// The field of a column as a whole number.
        ///
        /// - Parameter unit: of the number, for the error: `cents`.
        package func number(_ column: String, in range: ClosedRange<Int>, of unit: String? = nil)
            throws(Malformed) -> Int
        {
            guard let number = Int(self[column]), range.contains(number) else {
                let what = ["a whole number", unit].compactMap { $0 }.joined(separator: " of ")
                throw malformed(column, "must be \(what) from \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package var line: Int
        /// By name, or by number, counted from 1, if the line can't be split; nil if the whole line is meant.
        package var column: String?
        package var reason: String

        init(line: Int, column: String? = nil, reason: String) {
            self.line = line
            self.column = column
            self.reason = reason
        }

        package var description: String {
            "line \(line)\(column.map { ", column \($0)" } ?? ""): \(reason)"
        }
    }

    /// Reads the file `name` in `SEED_DIR`, and each record of it with `read`.
    ///
    /// - Parameter columns: those that it must have; the first is the id of its line.
    /// - Throws: ``StartError`` that names the file and the line.
    package static func seeds<Value>(
        _ name: String, in folder: String, columns: [String], read: (Record) throws(Malformed) -> Value
    ) throws(StartError) -> [Value] {
        guard let data = FileManager.default.contents(atPath: folder + "/" + name) else {
            throw StartError(
                .configuration,
                "SEED_DIR/\(name) can't be read: there is no such file in \(folder), or no permission")
        }
        do throws(Malformed) {
            var values: [Value] = []
            var ids: Set<String> = []
            for record in try records(of: data, columns: columns) {
                let (column, id) = (columns[0], record[columns[0]])
                guard FieldCheck.isText(id) else {
                    throw record.malformed(column, "must have 1 to 255 characters")
                }
                guard ids.insert(id).inserted else {
                    throw record.malformed(column, "must stand in one line only")
                }
                values.append(try read(record))
            }
            return values
        } catch {
            throw StartError(.configuration, "SEED_DIR/\(name) \(error)")
        }
    }

    /// The records of a whole file in UTF-8, with or without a byte order mark. Lines end in LF or CR LF;
    /// empty ones don't count.
    ///
    /// - Parameter columns: those that the header must name, in any order; it may name others.
    package static func records(of data: Data, columns: [String]) throws(Malformed) -> [Record] {
        var reader = CSVReader(data)
        guard let header = try reader.next()?.fields else {
            throw Malformed(line: 1, reason: "the header is missing")
        }
        guard Set(header).count == header.count else {
            throw Malformed(line: 1, reason: "a column is named twice")
        }
        for column in columns where !header.contains(column) {
            throw Malformed(line: 1, reason: "the column \(column) is missing")
        }
        var records: [Record] = []
        while let (line, fields) = try reader.next() {
            guard fields.count == header.count else {
                throw Malformed(
                    line: line, reason: "has \(fields.count) fields, but the header has \(header.count)")
            }
            records.append(
                Record(
                    line: line, fields: Dictionary(uniqueKeysWithValues: zip(header, fields.map(\.canonical)))
                ))
        }
        return records
    }
}

/// Splits a file into records, one at a time.
private struct CSVReader {
    private let bytes: [UInt8]
    private var position: Int
    private var line = 1

    init(_ data: Data) {
        bytes = Array(data)
        position = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    }

    /// nil at the end of the file.
    mutating func next() throws(CSV.Malformed) -> (line: Int, fields: [String])? {
        while skipLineEnd() {}
        guard position < bytes.count else { return nil }
        let start = line
        var fields: [String] = []
        repeat { fields.append(try field("\(fields.count + 1)")) } while skip(",")
        guard skipLineEnd() || position == bytes.count else {
            throw CSV.Malformed(
                line: line, column: "\(fields.count)", reason: "a quote is not allowed here")
        }
        return (start, fields)
    }

    private mutating func field(_ column: String) throws(CSV.Malformed) -> String {
        let start = line
        let content = skip("\"") ? try quoted(column) : unquoted()
        guard let text = String(validating: content, as: UTF8.self) else {
            throw CSV.Malformed(line: start, column: column, reason: "is not UTF-8")
        }
        guard !content.contains(0) else {
            throw CSV.Malformed(line: start, column: column, reason: "has a NUL byte")
        }
        return text
    }

    /// Up to the next comma, line end or quote.
    private mutating func unquoted() -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, !isNext(","), !isNext("\""), !isLineEnd { position += 1 }
        return bytes[start..<position]
    }

    /// Up to the closing quote, which is passed; a doubled quote is one of the text.
    private mutating func quoted(_ column: String) throws(CSV.Malformed) -> ArraySlice<UInt8> {
        let start = line
        var content: ArraySlice<UInt8> = []
        while position < bytes.count {
            if skip("\""), !isNext("\"") { return content }
            if isNext("\n") { line += 1 }
            content.append(bytes[position])
            position += 1
        }
        throw CSV.Malformed(line: start, column: column, reason: "a quote is not closed")
    }

    private var isLineEnd: Bool {
        isNext("\n")
            || (isNext("\r") && position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "\n"))
    }

    private mutating func skipLineEnd() -> Bool {
        guard isLineEnd else { return false }
        position += isNext("\n") ? 1 : 2
        line += 1
        return true
    }

    private func isNext(_ character: Unicode.Scalar) -> Bool {
        position < bytes.count && bytes[position] == UInt8(ascii: character)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard isNext(character) else { return false }
        position += 1
        return true
    }
}
