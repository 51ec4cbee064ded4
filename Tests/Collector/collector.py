"""A collector of traces that reads what it gets with OpenTelemetry's own definitions.

    collector.py PORT_FILE

Writes its port into PORT_FILE. `GET /spans` answers every span it was sent; `GET /errors` what it could not
read. Exits with 77 where opentelemetry-proto is missing.
"""
import base64
import json
import sys
from http.server import ThreadingHTTPServer

from answers import Answers

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
except ImportError:
    print("skipped: opentelemetry-proto (PyPI) is not installed")
    sys.exit(77)

spans, errors = [], []


def with_bytes(value):
    """OTLP writes ids in hexadecimal where protobuf's JSON has base64."""
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(item)).decode() if key in ("traceId", "spanId", "parentSpanId")
        else with_bytes(item)
        for key, item in value.items()
    }


def read(body):
    request = json_format.ParseDict(with_bytes(json.loads(body)), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        attributes = {item.key: item.value.string_value for item in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, "ids have 16 and 8 bytes"
                assert span.end_time_unix_nano >= span.start_time_unix_nano > 10**18, "times are real"
                spans.append({
                    "service": attributes["service.name"], "name": span.name, "kind": span.kind,
                    "trace": span.trace_id.hex(), "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(), "links": [link.span_id.hex() for link in span.links],
                    "status": span.status.code,
                })


class Collector(Answers):
    def do_POST(self):
        body = self.body()
        try:
            assert self.path == "/v1/traces" and self.headers["Content-Type"] == "application/json"
            read(body)
        except Exception as error:  # noqa: BLE001, told by GET /errors
            errors.append(f"{error!r} in {body[:2000]!r}")
        self.answer({})

    def do_GET(self):
        self.answer(spans if self.path == "/spans" else errors)


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
with open(sys.argv[1], "w") as file:
    file.write(f"{server.server_port}\n")
server.serve_forever()
