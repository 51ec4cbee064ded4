// The waterfall of a purchase: a row a step, policy decisions as marks, what came from the queue below a cut.
import { elapsed, figure, make, text, time } from "./page.js";
import { decisions, isQuiet, readTraces, rhythm, ticks, verdict } from "./trace.js";

/** Spans and folded tries that a reader has opened. */
const opened = new Set();
const columns = ["step", "scale", "start", "duration", "outcome"];

/** A change of these means that it is to be drawn anew. */
export const waterfallKey = (traces) => JSON.stringify([traces, [...opened]]);

export function waterfall(traces, changed) {
  const story = readTraces(traces);
  const context = { changed, startedAt: story.startedAt, name: story.requests[0]?.rows[0].span.name };
  const drawn = story.requests.length + story.deliveries.length > 0;
  return [
    drawn ? make(
      "table", { class: "waterfall", role: "table", "aria-labelledby": "trace-title" },
      make("thead", { role: "rowgroup" }, make(
        "tr", { role: "row" }, ...columns.map((column) =>
          make("th", { role: "columnheader", scope: "col", class: column }, text.columns[column])))),
      ...story.requests.map((request) => requestRows(request, context)),
      ...story.deliveries.length > 0 ? [cut()] : [],
      ...story.deliveries.flatMap((delivery) =>
        delivery.tries ? triesRows(delivery, context) : [deliveryRows(delivery, context)])) : null,
    notes(story),
  ].filter(Boolean);
}

function notes({ reads, dropped }) {
  const said = [];
  if (reads > 0) said.push(text.reads(figure(reads)));
  if (dropped > 0) said.push(text.dropped(figure(dropped)));
  return said.length > 0 ? make("p", { class: "hint" }, said.join(" ")) : null;
}

const group = (...rows) => make("tbody", { role: "rowgroup" }, ...rows.flat(2));

/** A request's axis is above it. One sent again has its own, and so have steps that began after the answer or
    whose caller isn't kept. */
function requestRows(request, context) {
  const lines = ticks(request.duration);
  const axis = make("div", { class: "axis-line", "aria-hidden": true }, ...lines.map((at) => {
    const label = make("span", {}, elapsed(at));
    label.style.setProperty("--at", `${100 * at / request.duration}%`);
    if (at > request.duration * 0.85) label.className = "last";
    return label;
  }));
  return group(
    make("tr", { class: "axis-row", role: "row" },
      make("th", { role: "rowheader", scope: "row", class: "step" }, beginning(request, context)),
      make("td", { role: "cell", class: "scale" }, axis),
      ...["start", "duration", "outcome"].map((each) => make("td", { role: "cell", class: each }))),
    request.rows.map((row) => spanRows(row, request, context, lines[1])));
}

function beginning({ at, answeredAt, rows: [{ span }] }, { startedAt, name }) {
  if (answeredAt !== null) return text.afterAnswer(elapsed(at - answeredAt));
  if (at === startedAt) return text.began(time(at));
  return text[span.name === name ? "again" : "apart"](elapsed(at - startedAt));
}

/** Time is not to scale below. */
function cut() {
  return group(make("tr", { class: "cut", role: "row" }, make(
    "th", { role: "rowheader", scope: "rowgroup", colspan: columns.length },
    make("span", { class: "tear", "aria-hidden": true }), text.later, make("small", {}, text.laterHow))));
}

/** Where all went well it is one row, which opens. */
function deliveryRows(delivery, context, isTry = false) {
  const later = delivery.at - context.startedAt;
  const isClosed = isQuiet(delivery) && !opened.has(delivery.key);
  const shown = isClosed ? delivery.rows.slice(0, 1) : delivery.rows;
  const body = group(shown.map((row) => spanRows(row, delivery, context, null, later)));
  const hidden = delivery.rows.length - shown.length;
  if (hidden > 0) body.querySelector(".service").append(` · ${text.inside(figure(hidden))}`);
  body.className = isTry ? "delivery try" : "delivery";
  return body;
}

/** Many failed tries of one message: a row that shows their rhythm, and opens. */
function triesRows({ key, tries }, context) {
  const first = tries[0].rows[0].span;
  const last = tries.at(-1).rows[0].span;
  const length = last.at + last.durationMilliseconds - first.at;
  const reasons = [...new Set(tries.map(reason).filter(Boolean))];
  const strip = make("div", { class: "bars strip", "aria-hidden": true }, ...tries.map((each) => {
    const bar = make("span", { class: "bar broken" });
    bar.style.setProperty("--from", `${100 * (each.at - first.at) / length}%`);
    return bar;
  }));
  const isOpen = opened.has(key);
  const every = rhythm(tries);
  const row = make(
    "tr", { role: "row", class: "span tries", onclick: toggle(key, context) },
    stepCell(first, 0, button(key, isOpen, first.name, context)),
    make("td", { role: "cell", class: "scale" }, strip),
    make("td", { role: "cell", class: "start figure later" }, `+${elapsed(first.at - context.startedAt)}`),
    make("td", { role: "cell", class: "duration figure" }, elapsed(length)),
    make("td", { role: "cell", class: "outcome broken" },
      make("span", { "aria-hidden": true }, "✕ "), text.tries(tries.length, interval(every)),
      reasons.length > 0 ? `: ${reasons.join(", ")}` : ""));
  return [group(row), ...isOpen ? tries.map((each) => deliveryRows(each, context, true)) : []];
}

/** One figure where the tries are evenly spaced. */
function interval({ least, most }) {
  if (most - least <= 0.2 * most) return elapsed(rounded((least + most) / 2));
  return `${elapsed(rounded(least))} – ${elapsed(rounded(most))}`;
}

const rounded = (number) => number >= 1000 ? Math.round(number / 100) * 100 : number;

/** Why a delivery failed: as its innermost step tells. */
function reason({ rows }) {
  const told = rows.map(({ span }) => span.attributes["error.type"]).filter(Boolean).at(-1);
  return told ? text.reasons[told] ?? told : null;
}

function spanRows({ span, depth }, tree, context, step, later) {
  const isOpen = opened.has(span.key);
  const from = span.at - tree.at;
  const { look, word, status, error } = verdict(span);
  const words = [
    (text.verdicts[word] ?? word) + (look === "mended" ? ` → ${text.fallbackWord}` : ""),
    status !== undefined && word !== "unavailable" ? String(status) : null,
    error && error !== String(status) ? text.reasons[error] ?? error : null,
  ].filter(Boolean);
  const isLater = depth === 0 && later !== undefined;
  const row = make(
    "tr", { role: "row", class: `span ${isOpen ? "open" : ""}`, onclick: toggle(span.key, context) },
    stepCell(span, depth, button(span.key, isOpen, span.name, context)),
    make("td", { role: "cell", class: "scale" },
      bars(span, from, tree.duration, look, step), marks(span)),
    make("td", { role: "cell", class: `start figure ${isLater ? "later" : ""}` },
      `+${elapsed(isLater ? later : Math.max(0, from))}`),
    make("td", { role: "cell", class: "duration figure" }, elapsed(span.durationMilliseconds)),
    make("td", { role: "cell", class: `outcome ${look}` },
      make("span", { "aria-hidden": true }, { ok: "", broken: "✕ ", mended: "◆ " }[look]),
      words.join(" · ")));
  row.style.setProperty("--depth", depth);
  return isOpen ? [row, details(span)] : [row];
}

function stepCell(span, depth, opener) {
  const where = [span.service, text.kindsOfSpan[span.kind]].filter(Boolean).join(" · ");
  return make(
    "th", { role: "rowheader", scope: "row", class: "step" }, opener, " ",
    make("span", { class: "service" }, where),
    depth > 0 ? make("span", { class: "unseen" }, ` ${text.depth(depth)}`) : null);
}

function toggle(key, { changed }) {
  return (event) => {
    // Not while text in it is being selected; the button tells of its own press.
    const isRow = event.currentTarget.localName === "tr";
    if (isRow && (event.target.closest("button") || getSelection().toString())) return;
    if (!opened.delete(key)) opened.add(key);
    changed();
  };
}

const button = (key, isOpen, name, context) => make("button", {
  type: "button", "data-key": key, "aria-expanded": String(isOpen), onclick: toggle(key, context),
}, name);

function bars(span, from, duration, look, step) {
  const place = (at) => `${100 * Math.min(1, Math.max(0, at / duration))}%`;
  const kind = span.name.startsWith("commit ") ? "commit" : span.kind;
  const bar = make("span", { class: `bar ${look} ${kind}` });
  bar.style.setProperty("--from", place(from));
  bar.style.setProperty("--width", `${100 * Math.min(1, span.durationMilliseconds / duration)}%`);
  const decided = span.events.filter(isDecision).map((event) => {
    const drawn = mark(event.name);
    drawn.style.setProperty("--from", place(from + event.atMilliseconds - span.startMilliseconds));
    return drawn;
  });
  const drawn = make("div", { class: "bars", "aria-hidden": true }, bar, ...decided);
  if (step) drawn.style.setProperty("--step", `${100 * step / duration}%`);
  return drawn;
}

const shapes = {
  retry: "M2 2 L10 6 L2 10 Z", rejected: "M2 2 H10 V10 H2 Z M2 10 L10 2",
  "retry-budget-spent": "M6 1 L11 11 H1 Z",
  breaker: "M3 1 V11 M9 1 V11 M0 6 H3 M9 6 H12", fallback: "M6 0 L12 6 L6 12 L0 6 Z",
  hedged: "M1 4 H11 M1 8 H11", "fault-injected": "M7 0 L3 7 H9 L5 12",
  "storage-failed": "M2 2 L10 10 M10 2 L2 10",
};
const isDecision = (event) => decisions.has(event.name);

const mark = (name) => make(
  "svg:svg", { viewBox: "0 0 12 12", class: `mark ${name}`, "aria-hidden": true },
  make("svg:path", { d: shapes[name] }));

/** The decisions in words, each after its shape. */
function marks(span) {
  const decided = span.events.filter(isDecision);
  if (decided.length === 0) return null;
  return make("ul", { class: "marks" }, ...decided.map(({ name, attributes }) => {
    const reason = text.reasons[attributes.reason] ?? attributes.reason;
    return make("li", {}, mark(name), text.decisions[name]({ ...attributes, reason }, elapsed));
  }));
}

/** All that a span says of itself. */
function details(span) {
  const facts = [
    ...Object.entries(span.attributes), ["span", span.spanId],
    ...(span.links ?? []).map((link) => ["link", `${link.traceId} ${link.spanId}`]),
  ];
  if (span.statusMessage) facts.unshift(["status", span.statusMessage]);
  const list = make("dl", { class: "figure" }, ...facts.flatMap(([name, value]) =>
    [make("dt", {}, name), make("dd", {}, String(value))]));
  const events = span.events.map((event) => make("li", {},
    `+${elapsed(Math.max(0, event.atMilliseconds - span.startMilliseconds))} ${event.name} `,
    make("code", {}, Object.entries(event.attributes).map(([name, value]) => `${name}=${value}`).join(" "))));
  return make("tr", { role: "row", class: "details" }, make(
    "td", { role: "cell", colspan: columns.length }, list,
    events.length > 0 ? make("ul", { class: "figure" }, ...events) : null));
}
