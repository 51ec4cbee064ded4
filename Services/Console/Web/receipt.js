// An order as its customer sees it: the document, what was degraded and made good, and the timeline in words.
import { elapsed, figure, make, money, text, time, zone } from "./page.js";

const isOwed = (degradation) => degradation.repair !== "none" && !degradation.repaired;
const repair = (degradation) => text.repairs[degradation.repair] ?? degradation.repair;
/** What is still to be done, each said once. */
export const owed = (degradations) => [...new Set(degradations.filter(isOwed).map(repair))];
const isOpen = (order) => order.status === "placing" || order.status === "accepted";

/** Whether nothing is left to be done for it. */
export const isSettled = (order) =>
  !isOpen(order) && order.pending.length === 0 && !order.degradations.some(isOwed);

/** As the sentence on the first page: all well, something owed, or no purchase. */
export function level(order) {
  if (order.status === "rejected" || order.status === "cancelled") return "outage";
  return isSettled(order) ? "ok" : "degraded";
}

/** One sentence: the status, and what follows for the customer. */
export function sentence(order) {
  const made = order.degradations.filter((each) => each.repair !== "none");
  const lacking = [...new Set(made.filter(isOwed).map(effect))];
  const parts = [text.orderStatus[order.status] ?? order.status];
  if (lacking.length > 0 && order.status === "confirmed") parts.push(text.owedEffects(lacking.join(", ")));
  else if (made.length > 0 && isSettled(order) && order.status === "confirmed") parts.push(text.allGood);
  return parts.join(" ");
}

const effect = (degradation) => text.effects[degradation.effect] ?? degradation.effect;

export function receipt(order) {
  const amount = (number) => money(number, order.currency);
  const line = ({ sku, name, quantity, unitPrice }) => make(
    "tr", {},
    make("th", { scope: "row" }, name ?? sku, make("small", {}, name ? sku : "")),
    make("td", { class: "figure" }, `${quantity} × ${amount(unitPrice)}`),
    make("td", { class: "figure" }, unitPrice === null ? text.noPrice : amount(quantity * unitPrice)));
  const sum = (label, value, name) => make(
    "tr", { class: name },
    make("th", { scope: "row", colspan: 2 }, label), make("td", { class: "figure" }, value));
  const heads = text.lineColumns.map((each) => make("th", { scope: "col" }, each));
  return [
    make("table", { class: "lines" },
      make("thead", {}, make("tr", {}, ...heads)),
      make("tbody", {}, ...order.items.map(line)),
      make("tbody", { class: "sums" },
        sum(text.subtotal, amount(order.subtotal)),
        order.couponCode || order.discount > 0
          ? sum(text.discount(order.couponCode), amount(order.discount && -order.discount)) : null,
        sum(text.total, amount(order.total), "total"),
        order.refunded > 0 ? sum(text.refunded, amount(order.refunded), "mended") : null)),
    make("p", { class: "hint" }, text.customerIs(order.customerId)),
    ...order.pending.length > 0
      ? [make("p", { class: "owed" }, text.pending(order.pending.join(", ")))] : [],
  ];
}

/** Each with why, what was done instead, and how it ended. */
export function degraded(order, timeline) {
  const items = [...order.degradations.map((each) => degradation(each, order, timeline)),
    ...(order.refunds ?? []).map((each) => refund(each, order))];
  if (items.length === 0) return [make("p", { class: "hint" }, text.nothingDegraded)];
  return [make("ul", { class: "degraded" }, ...items)];
}

function degradation(each, order, timeline) {
  const reason = text.reasons[each.reason] ?? each.reason;
  const isCached = each.ageSeconds !== undefined && each.ageSeconds !== null;
  const instead = [
    `${each.dependency}: ${reason}`, isCached ? text.asOf(elapsed(each.ageSeconds * 1000)) : null,
  ];
  return ending(effect(each), instead, isOwed(each), () => {
    if (each.repair === "none") return text.stays;
    const ended = timeline.find((entry) =>
      entry.step === "repair" && entry.detail === `${each.dependency}: ${each.outcome}`);
    const words = `✓ ${outcome(each.outcome, order.currency)}`;
    return ended ? `${words} · ${text.after(elapsed(since(order, ended.at)))}` : words;
  }, repair(each));
}

function refund(each, order) {
  const what = text.refund(money(each.amount, order.currency));
  return ending(what, [text.causes[each.cause] ?? each.cause, each.reason], each.pending.length > 0, () =>
    each.outcome ? outcome(each.outcome, order.currency) : `✓ ${text.refundDone}`,
  text.pending(each.pending.join(", ")));
}

function ending(title, why, isOpen, ended, still) {
  return make(
    "li", { class: isOpen ? "owed" : "repaired" },
    make("strong", {}, title), make("p", {}, why.filter(Boolean).join(" · ")),
    make("p", { class: "end" }, isOpen ? `… ${still}` : ended()));
}

/** Order's own words; where this page knows them in its language, with money in the currency's form. */
export function outcome(words, currency) {
  for (const [pattern, say] of text.outcomesInWords) {
    const found = pattern.exec(words ?? "");
    if (found) return say(...found.slice(1).map((amount) => money(Number(amount), currency)));
  }
  return words || text.done;
}

const since = (order, at) => Math.max(0, Date.parse(at) - Date.parse(order.createdAt));

export function timelineList(entries, order) {
  const first = order?.createdAt ?? entries[0]?.at;
  if (!first) return [make("p", { class: "hint" }, text.noTimeline)];
  return [
    make("p", { class: "hint figure" }, text.fromTime(`${time(first)} ${zone()}`)),
    make("ol", { class: "timeline" }, ...entries.map((entry) => make(
      "li", { class: entry.outcome },
      make("time", { class: "figure", datetime: entry.at, title: time(entry.at) },
        `+${elapsed(Math.max(0, Date.parse(entry.at) - Date.parse(first)))}`),
      make("span", {}, step(entry), make("small", {}, detail(entry, order?.currency)))))),
  ];
}

const step = ({ step, outcome }) =>
  `${text.steps[step] ?? step}: ` +
  (text.stepOutcomes[`${step} ${outcome}`] ?? text.stepOutcomes[outcome] ?? outcome);

function detail({ step, detail }, currency) {
  if (detail in text.reasons) return text.reasons[detail];
  const [dependency, ...rest] = detail.split(": ");
  if (step === "repair") return `${dependency}: ${outcome(rest.join(": "), currency)}`;
  if (step === "accept" && rest.length > 0) {
    return `${dependency}: ${text.reasons[rest.join(": ")] ?? rest.join(": ")}`;
  }
  // Amounts are told in minor units.
  for (const [pattern, say] of text.details) {
    const found = pattern.exec(detail);
    if (found) {
      return say(money(Number(found[1]), currency), found[2] === undefined ? "" : figure(Number(found[2])));
    }
  }
  return detail;
}
