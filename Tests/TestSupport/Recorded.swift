import Resilience

/// A log of values in order, for a test to read.
package final class Recorded<Element: Sendable>: Sendable {
    private let elements = Locked<[Element]>([])

    package init() {}

    package func add(_ element: Element) { elements.withLock { $0.append(element) } }

    package var all: [Element] { elements.withLock { $0 } }
}
