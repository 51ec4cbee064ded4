// Ten minutes on one time axis: orders by outcome, latency, what was shed, what waits; faults and
// incidents shaded through all rows.
import { told } from "./incident-words.js";
import { figure, make, text, time, zone } from "./page.js";

const length = 600;
const [width, height] = [600, 72];
const outcomes = ["confirmed", "accepted", "rejected", "cancelled", "refused"];

/** The last ten minutes, a point a second, the newest last. */
export class History {
  points = [];
  focus = null;

  add(point) {
    this.points.push(point);
    const first = Date.parse(point.at) - length * 1000;
    while (Date.parse(this.points[0].at) < first) {
      this.points.shift();
      if (this.focus !== null) this.focus = Math.max(0, this.focus - 1);
    }
  }

  replace(points) {
    this.points = points;
    this.focus = null;
  }

  /** Seconds before the newest point, as a place from the left. */
  x(at) { return width - (Date.parse(this.points.at(-1).at) - Date.parse(at)) / 1000; }

  move(seconds) {
    const last = this.points.length - 1;
    this.focus = Math.max(0, Math.min(last, (this.focus ?? last) + seconds));
  }

  pick(share) {
    const wanted = share * width;
    const distance = (point) => Math.abs(this.x(point.at) - wanted);
    this.focus = this.points.reduce((best, point, index) => distance(point) < distance(this.points[best]) ? index : best, 0);
  }
}

export function charts(history) {
  if (history.points.length === 0) return [];
  return [
    row(history, "orders", stacked(history)),
    row(history, "latency", latency(history)),
    row(history, "shed", area(history, (point) => sum(point.shed))),
    row(history, "queue", area(history, (point) => point.queued)),
    axis(history),
  ];
}

const sum = (values) => Object.values(values ?? {}).reduce((left, right) => left + right, 0);

function row(history, name, { shapes, top }) {
  const focus = history.focus === null ? null : history.x(history.points[history.focus].at);
  return make(
    "div", { class: "row" },
    make("p", { class: "label" }, text.rows[name], make("span", { class: "figure top" }, figure(top))),
    make(
      "svg:svg", { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": `${text.rows[name]}: ${said(history.points.at(-1))[name]}` },
      ...shades(history), ...shapes,
      focus === null ? null : make("svg:path", { d: `M${focus} 0 V${height}`, class: "focus" })));
}

/** Where faults were active, and from the start of each incident to the last second that has it. */
function shades(history) {
  const faults = [];
  const incidents = new Map();
  for (const point of history.points) {
    const x = history.x(point.at);
    const last = faults.at(-1);
    for (const { id, startedAt } of point.incidents) incidents.set(id, [history.x(startedAt), x]);
    if (!point.faults?.length) continue;
    if (last && x - last[1] <= 2) last[1] = x;
    else faults.push([x - 1, x]);
  }
  return [...faults, ...incidents.values()].map(([from, to]) => {
    const x = Math.max(0, from);
    return make("svg:rect", { x, y: 0, width: Math.max(1, to - x), height, class: "shade" });
  });
}

function stacked(history) {
  const top = Math.max(1, ...history.points.map((point) => sum(point.orders)));
  const base = history.points.map(() => 0);
  const shapes = outcomes.map((outcome) => {
    const lower = base.map((value, index) => [history.x(history.points[index].at), y(value / top)]);
    history.points.forEach((point, index) => { base[index] += point.orders?.[outcome] ?? 0; });
    const upper = base.map((value, index) => [history.x(history.points[index].at), y(value / top)]);
    return make("svg:path", { d: `${line(upper)} L${lower.reverse().map((place) => place.join(" ")).join(" L")} Z`, class: `area ${outcome}` });
  });
  return { shapes, top };
}

function latency(history) {
  const values = history.points.flatMap((point) => [point.p50Milliseconds, point.p99Milliseconds]).filter((value) => value > 0);
  const top = Math.max(100, ...values);
  const scaled = (value) => y(Math.log10(Math.max(1, value)) / Math.log10(top));
  const shapes = ["p99Milliseconds", "p50Milliseconds"].map((key) => {
    const places = history.points.filter((point) => point[key] > 0).map((point) => [history.x(point.at), scaled(point[key])]);
    return make("svg:path", { d: places.length ? line(places) : "M0 0", class: `curve ${key.slice(0, 3)}` });
  });
  return { shapes, top };
}

function area(history, value) {
  const top = Math.max(1, ...history.points.map((point) => value(point) ?? 0));
  const shapes = runs(history.points, (point) => value(point) !== null).map((points) => {
    const places = points.map((point) => [history.x(point.at), y(value(point) / top)]);
    const closed = `${line(places)} L${places.at(-1)[0]} ${height} L${places[0][0]} ${height} Z`;
    return make("svg:path", { d: closed, class: "area plain" });
  });
  return { shapes, top };
}

/** What is known in a row: there is a gap where it isn't. */
function runs(points, isKnown) {
  const runs = [[]];
  for (const point of points) {
    if (isKnown(point)) runs.at(-1).push(point);
    else if (runs.at(-1).length > 0) runs.push([]);
  }
  return runs.filter((run) => run.length > 0);
}

const y = (share) => height - 2 - share * (height - 6);
const line = (places) => `M${places.map(([x, y]) => `${x.toFixed(1)} ${y === undefined ? 0 : Number(y).toFixed(1)}`).join(" L")}`;

function axis(history) {
  const newest = Date.parse(history.points.at(-1).at);
  const marks = [600, 450, 300, 150, 0].map((seconds) => make("span", {}, time(newest - seconds * 1000)));
  marks.at(-1).append(` ${zone()}`);
  return make("div", { class: "axis figure", "aria-hidden": true }, ...marks);
}

/** The figures of one second, by row. */
function said(point) {
  const orders = outcomes.filter((outcome) => point.orders?.[outcome] > 0).map((outcome) => `${text.outcomes[outcome]} ${figure(point.orders[outcome])}`);
  return {
    orders: point.orders?.confirmed === null ? "–" : orders.join(", ") || "0",
    latency: `p50 ${figure(point.p50Milliseconds)}, p99 ${figure(point.p99Milliseconds)}`,
    shed: figure(sum(point.shed)),
    queue: point.queuedWithout.length > 0
      ? text.queuedWithout(figure(point.queued), point.queuedWithout.join(", ")) : figure(point.queued),
  };
}

/** What stands at the focus, or now. */
export function reading(history) {
  const point = history.points[history.focus ?? history.points.length - 1];
  if (!point) return "";
  const figures = said(point);
  const rows = Object.keys(figures).map((name) => `${text.rows[name]}: ${figures[name]}`);
  const faults = (point.faults ?? []).map((fault) => `${fault.service} ${text.kinds[fault.kind] ?? fault.kind}`);
  const incidents = point.incidents.map((incident) => told(incident.title));
  return [time(point.at), ...rows, ...faults, ...incidents].join(" · ");
}
