import NIOCore
import NIOHTTP1

/// What came on a connection before its turn, in order.
struct HeldInput {
    enum Item {
        case part(HTTPServerRequestPart)
        case inputClosed
        case error(any Error)
    }

    /// So many bytes of bodies, and so many items, are kept before reading from the socket stops.
    private static let enough = (bytes: 65_536, items: 1000)

    private var items = CircularBuffer<Item>()
    private var bytes = 0

    var isEmpty: Bool { items.isEmpty }
    var isFull: Bool { bytes >= Self.enough.bytes || items.count >= Self.enough.items }

    mutating func append(_ item: Item) {
        bytes += Self.bytes(of: item)
        items.append(item)
    }

    mutating func popFirst() -> Item? {
        guard let item = items.popFirst() else { return nil }
        bytes -= Self.bytes(of: item)
        return item
    }

    /// Takes it if the client has closed its side and nothing else came before.
    mutating func popInputClosed() -> Bool {
        guard case .inputClosed? = items.first else { return false }
        items.removeFirst()
        return true
    }

    private static func bytes(of item: Item) -> Int {
        if case .part(.body(let bytes)) = item { bytes.readableBytes } else { 0 }
    }
}
