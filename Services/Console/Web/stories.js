// The last orders that were degraded: each a line that ends well, or says what is still to be done.
import { make, text, time } from "./page.js";
import { outcome, owed } from "./receipt.js";

export function stories(recent) {
  const degraded = recent.filter((order) => order.degradations.length > 0);
  if (degraded.length === 0) return [make("li", { class: "empty" }, text.noStories)];
  return degraded.map((order) =>
    make(
      "li", { class: order.repaired ? "repaired" : "owed" },
      make("time", { class: "figure", datetime: order.at }, time(order.at)), " ",
      make("a", {
        class: "figure", title: order.orderId, href: `/orders/${encodeURIComponent(order.orderId)}`,
      }, `…${order.orderId.slice(-6)}`), " ",
      text.outcomes[order.status] ?? order.status, ": ",
      order.degradations.map((degradation) => text.effects[degradation.effect] ?? degradation.effect).join(", "),
      make("span", { class: "end" }, ` → ${ending(order)}`)));
}

function ending(order) {
  const outcomes = order.degradations.filter((each) => each.outcome).map((each) => outcome(each.outcome));
  if (!order.repaired) return text.stillOwed(owed(order.degradations).join(", "));
  if (order.degradations.every((degradation) => degradation.repair === "none")) return text.stays;
  return `${outcomes.join(", ") || "✓"} ${time(order.updatedAt)}`;
}
