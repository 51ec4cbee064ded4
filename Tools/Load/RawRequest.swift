/// A request as bytes, with a number in it that differs each time.
package struct RawRequest: Sendable {
    private var bytes: [UInt8]
    /// Offsets of the twelve digits of the request's number.
    private var places: [Int] = []

    /// `%NUMBER%%%%` in the headers or the body becomes twelve digits, another number each time.
    package static let number = "%NUMBER%%%%%"

    package init(_ method: String, _ path: String, headers: [(String, String)] = [], body: [UInt8] = []) {
        var text = "\(method) \(path) HTTP/1.1\r\nhost: 127.0.0.1\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if !body.isEmpty { text += "content-type: application/json\r\ncontent-length: \(body.count)\r\n" }
        bytes = Array((text + "\r\n").utf8) + body
        let mark = Array(Self.number.utf8)
        var index = 0
        while index + mark.count <= bytes.count {
            if bytes[index] == mark[0], bytes[index..<index + mark.count].elementsEqual(mark) {
                places.append(index)
            }
            index += 1
        }
    }

    mutating func numbered(_ number: Int) -> [UInt8] {
        for place in places {
            var rest = number
            for digit in (0..<12).reversed() {
                bytes[place + digit] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
        }
        return bytes
    }
}
