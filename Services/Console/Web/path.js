// The path, drawn from what the services declare: nothing about this shop is written here.
import { figure, make, milliseconds, text } from "./page.js";

const shapes = {
  ready: "●", starting: "◌", draining: "◌", frozen: "❚❚", dead: "✕", unknown: "?",
};

/** From so many seconds on, a figure is not how things are. */
const old = 5;

export function path(snapshot) {
  const { entry, critical, optional, others } = sort(snapshot);
  const line = [make("div", { class: "node customer" }, make("h3", {}, text.customer)), link(null, "critical")];
  line.push(service(snapshot, entry));
  const stops = [entry, ...critical.map((dependency) => dependency.to)];
  critical.forEach((dependency, index) =>
    line.push(link(dependency, "critical", stops[index]), service(snapshot, dependency.to)));
  const beside = optional.map((dependency) =>
    make("div", { class: "branch" }, link(dependency, "optional", entry), service(snapshot, dependency.to)));
  for (const name of others) beside.push(make("div", { class: "branch" }, service(snapshot, name)));
  const drawn = make("div", { class: "drawn" },
    make("div", { class: "line", role: "group", "aria-label": text.critical }, ...line),
    make("p", { class: "legend" }, text.critical),
    make("div", { class: "beside", role: "group", "aria-label": snapshot.dependencies.length > 0 ? text.optional : text.notDeclared }, ...beside),
    make("p", { class: "legend" }, snapshot.dependencies.length > 0 ? text.optional : text.notDeclared));
  // By it the rail of the optional ones begins below the entry point.
  drawn.style.setProperty("--stops", 1 + critical.length);
  return [drawn];
}

/** The entry point calls others and is called by none of them. */
function sort({ services, dependencies }) {
  const called = new Set(dependencies.map((dependency) => dependency.to));
  const entry = dependencies.map((dependency) => dependency.from).find((name) => !called.has(name)) ?? services[0]?.name;
  const own = dependencies.filter((dependency) => dependency.from === entry);
  const drawn = new Set([entry, ...own.map((dependency) => dependency.to)]);
  return {
    entry,
    critical: own.filter((dependency) => dependency.role === "critical"),
    optional: own.filter((dependency) => dependency.role !== "critical"),
    others: services.map((service) => service.name).filter((name) => !drawn.has(name)),
  };
}

function service({ services, queues }, name) {
  const found = services.find((service) => service.name === name) ?? { name, state: "unknown", ageSeconds: null };
  const queue = queues.find((queue) => queue.service === name);
  const isOld = found.ageSeconds === null || found.ageSeconds >= old;
  const waiting = queue ? queue.ready + queue.leased + queue.delayed : 0;
  const facts = isOld ? [] : [
    traffic(found.requestsPerSecond, () =>
      `${rate(found.requestsPerSecond)} · ${text.latency(milliseconds(found.p99Milliseconds))}`),
    waiting > 0 ? text.owed(figure(waiting)) : null,
    queue?.dead > 0 ? text.dead(figure(queue.dead)) : null,
  ];
  return make(
    "div", { class: `node ${found.state} ${isOld ? "old" : ""}`, id: `service-${name}` },
    make("h3", {}, name),
    make("p", { class: "state" }, make("span", { "aria-hidden": true }, `${shapes[found.state] ?? "?"} `), text.states[found.state] ?? found.state),
    ...facts.filter(Boolean).map((fact) => make("p", { class: "figure" }, fact)),
    found.ageSeconds >= 1.5 ? make("p", { class: "age" }, text.old(figure(Math.round(found.ageSeconds)))) : null);
}

/** Nothing where it isn't known. */
const traffic = (perSecond, words) => perSecond === null ? null : perSecond > 0 ? words() : text.rest;

/** Of single orders the fraction says nothing. */
const rate = (perSecond) => perSecond < 1 ? text.underOne : text.perSecond(figure(perSecond));

/** The calls from one service to another: a gap where the breaker is open, dots where it is half-open, and the
    bulkhead's permits in use as a fill. `before` names the box that stands before it. */
function link(dependency, role, before) {
  const state = dependency ? dependency.breaker ?? "unknown" : "closed";
  const drawing = make(
    "svg:svg", { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": true, class: "wire" },
    ...wire(state),
    dependency?.bulkhead ? fill(dependency.bulkhead) : null);
  const said = dependency ? words(dependency, state, before) : [];
  return make("div", { class: `link ${role} ${state}` }, drawing, ...said);
}

function wire(state) {
  const stroke = (from, to, extra) => make("svg:path", { d: `M${from} 10 H${to}`, class: "stroke", ...extra });
  switch (state) {
    case "open":
      return [stroke(0, 36), make("svg:path", { d: "M36 2 V18 M64 2 V18", class: "gate" }), stroke(64, 100)];
    case "half-open": return [stroke(0, 36), stroke(40, 62, { class: "stroke dots" }), stroke(64, 100)];
    case "unknown": return [stroke(0, 100, { class: "stroke dots" })];
    default: return [stroke(0, 100)];
  }
}

function fill({ inUse, limit }) {
  const share = limit > 0 ? Math.min(1, inUse / limit) : 0;
  return make("svg:path", { d: `M0 22 H${100 * share}`, class: `fill ${share > 0.9 ? "full" : ""}` });
}

/** Who calls whom comes first, where the box before the wire isn't the caller. */
function words(dependency, state, before) {
  const { from, to, bulkhead, callsPerSecond, failuresPerSecond, fallbacksPerSecond } = dependency;
  return [
    from === before ? null : make("p", {}, `${from} → ${to}`),
    state === "closed" ? null : make("p", { class: "breaker" }, text.breakers[state] ?? state),
    ...[
      traffic(callsPerSecond, () =>
        `${text.calls(rate(callsPerSecond))} · ${milliseconds(dependency.p99Milliseconds)}`),
      failuresPerSecond > 0 ? text.failures(rate(failuresPerSecond)) : null,
      fallbacksPerSecond > 0 ? text.fallbacks(rate(fallbacksPerSecond)) : null,
      bulkhead?.inUse > 0 ? text.bulkhead(bulkhead.inUse, bulkhead.limit) : null,
    ].filter(Boolean).map((word) => make("p", {}, word)),
  ].filter(Boolean);
}
