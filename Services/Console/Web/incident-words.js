// What all pages say of an incident alike: its priority, what it costs, an action, and the console's own sentences.
import { day, elapsed, figure, make, moment, money, text } from "./page.js";

const shapes = { P1: "▲", P2: "◆", P3: "●" };

export const isOpen = ({ status }) => status !== "resolved" && status !== "reviewed";

/** The most urgent first, then the oldest. */
export const byUrgency = (left, right) =>
  left.priority.localeCompare(right.priority) || left.startedAt.localeCompare(right.startedAt);

export const priority = (name) => make(
  "span", { class: `priority ${name}` },
  make("span", { "aria-hidden": true }, `${shapes[name] ?? "■"} `), text.priorities[name] ?? name);

export const cause = (name) => name === "unknown" ? text.unknownCause : name;

export const status = (name) => text.incidentStatus[name] ?? name;

/** What the console writes is said in the viewer's language; what people write stays as it is. */
export function told(words) {
  for (const [pattern, say] of text.told) {
    const found = pattern.exec(words);
    if (found) return say(...found.slice(1).map((part) => part === undefined || part === words ? part : told(part)));
  }
  return words;
}

export const link = ({ id, title }, key = id) =>
  make("a", { href: `/incidents/${encodeURIComponent(id)}`, "data-key": key }, told(title));

/** For the first page: one line each. */
export const banner = (incidents) => make("ul", {}, ...[...incidents].sort(byUrgency).map((incident) => make(
  "li", {}, ...incident.status === "mitigated" ? [text.watchedOn] : [priority(incident.priority)], " ", link(incident),
  make("span", { class: "facts figure" }, ` ${text.sinceThen(moment(incident.startedAt))} · ${status(incident.status)}`))));

export const length = (incident) =>
  elapsed(Math.max(0, Date.parse(incident.resolvedAt ?? new Date()) - Date.parse(incident.startedAt)));

/** Money that came late, in every currency. */
export const revenue = ({ revenueDelayedByCurrency }) =>
  Object.entries(revenueDelayedByCurrency ?? {}).filter(([, amount]) => amount > 0).sort()
    .map(([currency, amount]) => money(amount, currency)).join(", ");

/** In one line, without what is zero. */
export function impactLine(impact) {
  const parts = Object.entries(text.impactParts).filter(([name]) => impact[name] > 0)
    .map(([name, say]) => say(figure(impact[name])));
  const late = revenue(impact);
  return [...parts, ...late ? [text.revenueLate(late)] : []].join(", ") || text.noImpact;
}

/** Today in the viewer's zone, as `2026-12-24`. */
const today = () => new Date().toLocaleDateString("sv-SE");

/** What is to be done, by whom and until when; `more` stands beside it. */
export function action(each, ...more) {
  const isOverdue = each.closedAt === null && each.due < today();
  const state = each.closedAt !== null ? text.closedAt(moment(each.closedAt))
    : isOverdue ? text.overdue : text.toDo;
  return make(
    "li", { class: each.closedAt !== null ? "closed" : isOverdue ? "overdue" : "" },
    make("p", {}, each.text),
    make("p", { class: "facts" }, text.ownerAndDue(each.owner, day(`${each.due}T00:00`)), " · ",
      make("strong", {}, isOverdue ? make("span", { "aria-hidden": true }, "! ") : null, state)),
    ...more);
}
