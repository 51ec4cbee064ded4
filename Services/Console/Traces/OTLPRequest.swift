import Contracts
import Foundation

/// An `ExportTraceServiceRequest` of OTLP over HTTP in JSON, as far as it is read here.
struct OTLPRequest: Decodable {
    private struct Resource: Decodable {
        var attributes: [OTLPAttribute]?
    }

    private struct Scope: Decodable {
        var spans: [OTLPSpan]?
    }

    private struct ResourceSpans: Decodable {
        var resource: Resource?
        var scopeSpans: [Scope]?
    }

    private var resourceSpans: [ResourceSpans]

    /// - Throws: `DecodingError`.
    init(reading payload: some Sequence<UInt8>) throws {
        self = try JSONDecoder().decode(Self.self, from: Data(payload))
    }

    /// What the services' exporter begins with; its form is checked by its own tests.
    private static let ownPrefix = Array(
        #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name""#.utf8)
    private static let ownSuffix = Array("]}]}]}".utf8)

    static func isOfServices(_ payload: [UInt8]) -> Bool {
        payload.starts(with: ownPrefix) && payload.suffix(ownSuffix.count).elementsEqual(ownSuffix)
    }

    var spans: [OTLPSpan] {
        resourceSpans.flatMap { resource in
            let name = resource.resource?.attributes?.first { $0.key == "service.name" }?.value
            return (resource.scopeSpans ?? []).flatMap { $0.spans ?? [] }.map { span in
                var span = span
                if case .text(let name) = name { span.service = name }
                return span
            }
        }
    }

    /// Those of a payload that can be read; none of another.
    /// - Parameter payload: with a zero at its end.
    static func spans(of payload: [UInt8]) -> [OTLPSpan] {
        (try? Self(reading: payload.dropLast()))?.spans ?? []
    }
}

struct OTLPSpan: Decodable {
    struct Event: Decodable {
        var timeUnixNano: OTLPInteger?
        var name: String?
        var attributes: [OTLPAttribute]?
    }

    struct Link: Decodable {
        var traceId: String
        var spanId: String
    }

    struct Status: Decodable {
        var code: Int?
        var message: String?
    }

    private enum CodingKeys: String, CodingKey {
        case traceId, spanId, parentSpanId, name, kind, startTimeUnixNano, endTimeUnixNano, attributes, events
        case links, status
    }

    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var name: String
    var kind: Int?
    var startTimeUnixNano: OTLPInteger
    var endTimeUnixNano: OTLPInteger
    var attributes: [OTLPAttribute]?
    var events: [Event]?
    var links: [Link]?
    var status: Status?
    /// Of its resource.
    var service = ""

    var orderId: String? {
        guard case .text(let id)? = attributes?.first(where: { $0.key == "csp.order.id" })?.value else {
            return nil
        }
        return id
    }
}

struct OTLPAttribute: Decodable {
    var key: String
    var value: TraceValue
}

/// A 64-bit integer, which JSON has as a string; numbers are read as well, as the mapping asks.
struct OTLPInteger: Decodable {
    var value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            guard let value = Int64(text) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "no 64-bit integer")
            }
            self.value = value
        } else {
            value = try container.decode(Int64.self)
        }
    }
}

/// An attribute's value; of arrays and maps only that there is one.
enum TraceValue: Codable {
    case text(String)
    case flag(Bool)
    case integer(Int64)
    case real(Double)

    private enum CodingKeys: String, CodingKey {
        case stringValue, boolValue, intValue, doubleValue
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let text = try container.decodeIfPresent(String.self, forKey: .stringValue) {
            self = .text(text)
        } else if let flag = try container.decodeIfPresent(Bool.self, forKey: .boolValue) {
            self = .flag(flag)
        } else if let number = try container.decodeIfPresent(OTLPInteger.self, forKey: .intValue) {
            self = .integer(number.value)
        } else if let number = try container.decodeIfPresent(Double.self, forKey: .doubleValue) {
            self = .real(number)
        } else {
            self = .text("…")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let text): try container.encode(text)
        case .flag(let flag): try container.encode(flag)
        case .integer(let number): try container.encode(number)
        case .real(let number): try container.encode(number)
        }
    }
}
