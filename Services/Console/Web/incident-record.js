// The record of one incident, part by part: times, impact, cause, timeline, who was called and told, what is to do.
import { action, cause as named, revenue, told } from "./incident-words.js";
import { day, elapsed, figure, make, moment, text, time, zone } from "./page.js";

const milestones = ["startedAt", "detectedAt", "acknowledgedAt", "mitigatedAt", "resolvedAt"];
const hint = (words) => make("p", { class: "hint" }, words);
const stamp = (at, words) => make("time", { class: "figure", datetime: at }, words);

/** The five times, each with how long after the one before it. */
export function times(incident) {
  const last = milestones.findLastIndex((name) => incident[name]);
  let before = null;
  const row = (name, index) => {
    const at = incident[name];
    const after = at && before ? text.afterThat(elapsed(Math.max(0, Date.parse(at) - Date.parse(before)))) : "";
    const mark = make("span", { "aria-hidden": true }, at ? "●" : "○");
    before = at ?? before;
    return make(
      "li", { class: at ? "" : "missing" }, mark, make("span", {}, text.milestones[name]),
      at ? stamp(at, moment(at)) : make("span", {}, index < last ? text.never : text.notYet),
      make("span", { class: "figure facts" }, after));
  };
  return [make("ol", { class: "times" }, ...milestones.map(row)), hint(text.inZone(zone()))];
}

/** What it costs customers, counted from their orders. */
export function impact({ impact }) {
  const row = ([name, label]) => [
    make("dt", {}, label),
    make("dd", { class: "figure" }, name === "revenue" ? revenue(impact) || "0" : figure(impact[name] ?? null)),
  ];
  return [make("dl", { class: "impact" }, ...Object.entries(text.impactRows).flatMap(row))];
}

export function cause({ cause, isCauseAssumed, services, lastChange, detectedBy }) {
  const affected = services.filter((name) => name !== cause);
  return [
    make("p", {}, make("strong", {}, named(cause)), isCauseAssumed && cause !== "unknown" ? ` ${text.assumed}` : ""),
    make("p", {}, affected.length > 0 ? text.affects(affected.join(", ")) : text.affectsNone),
    make("p", {}, text.detectedBy(detectedBy)),
    make("h3", {}, text.lastChange),
    lastChange
      ? make("p", {}, stamp(lastChange.at, moment(lastChange.at)), ` ${told(lastChange.text)} `, by(lastChange))
      : hint(text.noChange),
  ];
}

const by = (entry) => make("small", {}, text.by(entry.by));

/** By day, the newest last. */
export function timeline({ timeline }) {
  const entries = timeline.toSorted((left, right) => Date.parse(left.at) - Date.parse(right.at));
  const days = Map.groupBy(entries, (entry) => day(entry.at));
  // "Resolved resolved" would say it twice.
  const words = ({ kind, text }) => kind === "note" ? text : text === kind ? "" : told(text);
  const row = (entry) => make(
    "li", { class: `kind-${entry.kind}` }, stamp(entry.at, time(entry.at)),
    make("div", {}, make("strong", {}, text.entryKinds[entry.kind] ?? entry.kind), " ",
      words(entry), " ", by(entry)));
  if (entries.length === 0) return [hint(text.nothingNoted)];
  return [...days].flatMap(([name, entries]) => [
    make("p", { class: "hint figure" }, `${name} · ${zone()}`),
    make("ol", { class: "timeline" }, ...entries.map(row)),
  ]);
}

export function escalations({ escalations }) {
  const row = ({ at, level, to, reason, isForImpact }) => make(
    "li", {}, stamp(at, moment(at)),
    make("div", {}, make("strong", {}, text.levelTo(level, to)), " ", told(reason),
      isForImpact ? make("small", {}, ` ${text.forImpact}`) : null));
  if (escalations.length === 0) return [hint(text.notEscalated)];
  return [make("ol", { class: "timeline" }, ...escalations.map(row))];
}

export function notices({ notices }) {
  const row = ({ at, kind, channel, text: words }) => make(
    "li", {}, stamp(at, moment(at)),
    make("div", {}, make("strong", {}, text.noticeKinds[kind] ?? kind), " ", told(words), " ",
      make("small", {}, text.sentBy(channel))));
  if (notices.length === 0) return [hint(text.noNotices)];
  return [make("ol", { class: "timeline" }, ...notices.map(row))];
}

/** `close` is called with an action's number; null: who looks at it may not. */
export function actions({ actions }, close) {
  const button = (each) => close === null || each.closedAt !== null ? [] : [make("button", {
    type: "button", "data-key": `close ${each.id}`, "aria-label": text.closeNamed(each.text),
    onclick: () => close(each.id),
  }, text.close)];
  if (actions.length === 0) return [hint(text.noActions)];
  return [make("ul", { class: "actions" }, ...actions.map((each) => action(each, ...button(each))))];
}
