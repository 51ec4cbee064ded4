/// Which name was meant by a misspelt one.
package enum Spelling {
    /// The name that is reached from `text` with the fewest slips, two at most: a letter left out, added,
    /// exchanged, or two adjacent ones swapped. Nil where none is that near.
    package static func nearest(to text: String, among names: some Sequence<String>) -> String? {
        let near = names.map { ($0, slips(Array(text.utf8), Array($0.utf8))) }.filter { $0.1 <= 2 }
        return near.min { $0.1 != $1.1 ? $0.1 < $1.1 : $0.0 < $1.0 }?.0
    }

    /// The optimal string alignment distance.
    private static func slips(_ left: [UInt8], _ right: [UInt8]) -> Int {
        guard abs(left.count - right.count) <= 2 else { return 3 }
        var before: [Int] = []
        var last = Array(0...right.count)
        for (row, byte) in left.enumerated() {
            var next = [row + 1]
            for column in right.indices {
                var fewest = min(
                    last[column] + (byte == right[column] ? 0 : 1), last[column + 1] + 1, next[column] + 1)
                if row > 0, column > 0, byte == right[column - 1], left[row - 1] == right[column] {
                    fewest = min(fewest, before[column - 1] + 1)
                }
                next.append(fewest)
            }
            (before, last) = (last, next)
        }
        return last[right.count]
    }
}
