// How soon incidents were noticed and ended, and how often there are any: means, by cause and by week.
import { cause } from "./incident-words.js";
import { day, figure, language, make, text } from "./page.js";

const means = ["mttdSeconds", "mttaSeconds", "mttrSeconds", "mtbfSeconds"];
const units = [["second", 1], ["minute", 60], ["hour", 3600], ["day", 86_400]];
/** Means of fewer incidents say little. */
const few = 5;

/** In the largest unit of which there is at least one, in three digits. */
function duration(seconds, unitDisplay = "narrow") {
  if (seconds === null) return "–";
  const [unit, length] = units.findLast(([, length]) => seconds >= length) ?? units[0];
  const form = { style: "unit", unit, unitDisplay, maximumSignificantDigits: 3 };
  return (seconds / length).toLocaleString(language, form);
}

export function figures({ total, byPriority, byCause, weeks }) {
  const name = (mean) => [
    make("dt", {}, make("abbr", { title: text.meanNames[mean] }, text.means[mean]), make("small", {}, text.meanNames[mean])),
    make("dd", { class: "figure" }, duration(total[mean], "short")),
  ];
  const counts = Object.entries(byPriority).sort().map(([priority, each]) => `${text.priorities[priority]} ${each.count}`);
  const causes = Object.entries(byCause).sort(([, left], [, right]) => right.count - left.count)
    .map(([name, each]) => [cause(name), each]);
  return [
    make("p", {}, make("strong", { class: "figure" }, text.incidentCount(figure(total.count))),
      counts.length > 0 ? `: ${counts.join(", ")}` : ""),
    make("dl", { class: "means" }, ...means.map((mean) => make("div", {}, ...name(mean)))),
    total.count > 0 && total.count < few ? make("p", { class: "hint" }, text.fewIncidents) : null,
    ...total.count === 0 ? [] : [make(
      "div", { class: "tables" },
      table(text.byCause, text.causeColumn, causes),
      table(text.byWeek, text.weekColumn, weeks.map(({ from, figures }) => [day(`${from}T00:00`), figures])))],
  ].filter(Boolean);
}

function table(caption, first, rows) {
  const head = [first, text.countColumn, ...means.map((mean) => text.means[mean])];
  const row = ([name, each]) => make(
    "tr", {}, make("th", { scope: "row" }, name), make("td", {}, figure(each.count)),
    ...means.map((mean) => make("td", {}, duration(each[mean]))));
  return make(
    "table", { class: "means-by figure" }, make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head.map((name) => make("th", { scope: "col" }, name)))),
    make("tbody", {}, ...rows.map(row)));
}
