// What the waterfall of a purchase is drawn from: trees of spans, what came from the queue, tries folded.

/** Deliveries of one message that failed so many times are one row. */
const foldedFrom = 3;
const failures = new Set(["unavailable", "refused", "rejected", "retry", "failed"]);
/** Milliseconds by which the clocks of two services may differ. */
const skew = 5;

/** `{ requests, deliveries, reads, dropped, startedAt }`: trees in the order in which they began. */
export function readTraces(traces) {
  const spans = traces.flatMap((trace) => {
    const base = Date.parse(trace.startedAt);
    return trace.spans.map((span) => ({
      ...span, at: base + span.startMilliseconds,
      key: `${trace.traceId} ${span.spanId}`, parentKey: `${trace.traceId} ${span.parentSpanId}`,
    }));
  });
  const byKey = new Map(spans.map((span) => [span.key, span]));
  const children = new Map();
  const roots = [];
  for (const span of spans) {
    // A delivery stands alone, whether it continues the trace of the request or begins its own.
    const parent = span.kind === "consumer" ? undefined : byKey.get(span.parentKey);
    if (!parent) roots.push(span);
    else if (children.has(parent)) children.get(parent).push(span);
    else children.set(parent, [span]);
  }
  roots.sort(byStart);
  const asked = roots.filter((root) => root.kind !== "consumer");
  const grown = (some) => some.flatMap((root) => trees(root, children)).sort(byStart);
  const requests = grown(asked.filter((root) => !isRead(root)));
  return {
    requests,
    deliveries: fold(grown(roots.filter((root) => root.kind === "consumer"))),
    reads: asked.filter(isRead).length,
    dropped: traces.reduce((sum, trace) => sum + (trace.droppedSpans ?? 0), 0),
    startedAt: requests[0]?.at ?? roots[0]?.at ?? null,
  };
}

const byStart = (left, right) => left.at - right.at;

/** To look at an order is no part of its story. */
const isRead = (span) => (span.attributes["http.request.method"] ?? span.name.split(" ")[0]) === "GET";

/** The tree of a root: its rows from above to below, each `{ span, depth }`, and how long it took in all.
    A step that began after the root had answered is a tree of its own, which knows when that was. */
function trees(root, children, answeredAt = null) {
  const rows = [];
  const late = [];
  const seen = new Set();
  const answer = root.kind === "server" ? root.at + root.durationMilliseconds : Infinity;
  const visit = (span, depth) => {
    // Ids are the senders' own: a circle must not hang the page.
    if (seen.has(span)) return;
    seen.add(span);
    rows.push({ span, depth });
    for (const child of (children.get(span) ?? []).sort(byStart)) {
      if (child.at > answer + skew) late.push(child);
      else visit(child, depth + 1);
    }
  };
  visit(root, 0);
  const end = Math.max(...rows.map(({ span }) => span.at + span.durationMilliseconds));
  return [
    { key: root.key, at: root.at, duration: Math.max(end - root.at, 0.001), rows, answeredAt },
    ...late.flatMap((step) => trees(step, children, answer)),
  ];
}

export const isFailed = (span) =>
  span.status === "error" || failures.has(span.attributes["csp.outcome"]);

/** Events by which a policy tells what it decided. */
export const decisions = new Set([
  "retry", "rejected", "retry-budget-spent", "breaker", "fallback",
  "hedged", "fault-injected", "storage-failed",
]);

/** Whether all went well in it, and no policy had to decide anything. */
export const isQuiet = ({ rows }) => rows.every(({ span }) =>
  verdict(span).look === "ok" && !span.events.some((event) => decisions.has(event.name)));

/** Failed deliveries of one message, one after the other, become `{ key, at, tries }`. */
function fold(deliveries) {
  const byMessage = new Map();
  for (const delivery of deliveries) {
    const key = message(delivery);
    byMessage.set(key, [...byMessage.get(key) ?? [], delivery]);
  }
  const folded = [...byMessage.values()].flatMap((own) => {
    const failed = own.filter((delivery) => isFailed(delivery.rows[0].span));
    if (failed.length < foldedFrom) return own;
    const rest = own.filter((delivery) => !failed.includes(delivery));
    return [{ key: `tries ${failed[0].key}`, at: failed[0].at, tries: failed }, ...rest];
  });
  return folded.sort((left, right) => left.at - right.at);
}

function message({ rows: [{ span }] }) {
  const { "messaging.message.id": id, "messaging.destination.name": lane } = span.attributes;
  return id === undefined ? `${span.service} ${span.name} ${lane}` : `${span.service} ${id}`;
}

/** Milliseconds between tries: `{ least, most }`. */
export function rhythm(tries) {
  const gaps = tries.slice(1).map((each, index) => each.at - tries[index].at);
  return { least: Math.min(...gaps), most: Math.max(...gaps) };
}

/** Lines of the axis, in milliseconds: 1, 2 or 5 of a power of ten, five at most. */
export function ticks(duration) {
  const rough = duration / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.floor(duration / step + 1e-9) + 1 }, (_, index) => index * step);
}

/** What became of a step, as a word that the texts know, and how it looks: `ok`, `broken` or `mended`. */
export function verdict(span) {
  const { attributes, events } = span;
  const outcome = attributes["csp.outcome"];
  const status = attributes["http.response.status_code"];
  const error = attributes["error.type"];
  if (events.some((event) => event.name === "fallback")) {
    return { look: "mended", word: outcome ?? "fallback", error };
  }
  // A repeated request is answered from what the first one did.
  if (attributes["csp.replayed"] && !isFailed(span)) return { look: "ok", word: "replayed", status, error };
  if (outcome) return { look: isFailed(span) ? "broken" : "ok", word: outcome, status, error };
  const isBad = span.status === "error" || status >= 500;
  return { look: isBad ? "broken" : "ok", word: isBad ? "failed" : "ok", status, error };
}
