// The page of one purchase: what order says of it, and its trace, read again until nothing is left to do.
import { language, make, obeyHeader, ownId, show, text, time, translate, zone } from "./page.js";
import { Polling } from "./polling.js";
import { degraded, isSettled, level, receipt, sentence, timelineList } from "./receipt.js";
import { waterfall, waterfallKey } from "./waterfall.js";

const element = (id) => document.getElementById(id);
const id = ownId();
/** Milliseconds between two readings: of an open order, and of one that is settled or unknown. */
const pauses = { open: 1000, settled: 5000 };

/** `asking`, `known`, `unknown` (there is none), `silent` (order doesn't answer). What was known stays. */
let orderState = "asking";
let problem = "";
let order = null;
let readAt = null;
let timeline = null;
let traceState = "asking";
let traces = [];
let said = "";

const path = `/api/orders/${encodeURIComponent(id)}`;
const polling = new Polling(
  () => [path, `${path}/timeline`, `/api/traces?orderId=${encodeURIComponent(id)}`], take, draw);

function take([found, steps, kept]) {
  // What the state says already isn't said twice.
  problem = [200, 0, 404, 503, 504].includes(found.status) ? "" : found.body?.detail ?? "";
  if (found.status === 200) {
    orderState = "known";
    order = found.body;
    readAt = Date.now();
  } else {
    orderState = found.status === 404 ? "unknown" : "silent";
  }
  if (steps.status === 200) timeline = steps.body.items;
  if (kept.status === 200) {
    traces = kept.body.items;
    traceState = traces.length > 0 ? "known" : "none";
  } else {
    traceState = "silent";
  }
  return orderState === "unknown" || (order !== null && isSettled(order)) ? pauses.settled : pauses.open;
}

function draw() {
  translate();
  document.title = `${id.length > 10 ? `…${id.slice(-6)}` : id} · Critical Serving Path`;
  element("order-id").textContent = id;
  element("copy").textContent = text.copy;
  element("copied").textContent = said && text[said];
  polling.drawConnection();
  drawSentence();
  drawOrder();
  drawTrace();
}

function drawSentence() {
  const section = element("sentence");
  section.dataset.level = order ? level(order) : orderState === "asking" ? "none" : "outage";
  const words = order ? sentence(order) : text.orderStates[polling.isLost ? "silent" : orderState];
  show(section.querySelector("h1"), words, () => [words]);
  const since = order ? text.placedAt(`${time(order.createdAt)} ${zone()}`) : problem;
  show(section.querySelector(".since"), since, () => [since]);
}

/** What order said last fades, with its time, while it doesn't answer. */
function drawOrder() {
  const isOld = order !== null && orderState !== "known";
  const age = () => make("p", { class: "stale" }, text.oldOrder(text.oldStates[orderState], time(readAt)));
  const key = JSON.stringify([language, orderState, order, isOld && readAt]);
  for (const name of ["document", "degraded", "timeline"]) element(name).classList.toggle("old", isOld);
  for (const name of ["degraded", "timeline"]) element(name).parentElement.hidden = order === null;
  show(element("document"), key, () => {
    if (!order) return [make("p", { class: "hint" }, text.documentStates[orderState])];
    return isOld ? [age(), ...receipt(order)] : receipt(order);
  });
  show(element("degraded"), key + JSON.stringify(timeline), () =>
    order ? degraded(order, timeline ?? []) : []);
  show(element("timeline"), key + JSON.stringify(timeline), () =>
    order ? timelineList(timeline ?? [], order) : []);
}

function drawTrace() {
  const key = JSON.stringify([language, traceState]) + waterfallKey(traces);
  show(element("trace"), key, () => [
    traceState === "known" ? null : make("p", { class: "hint" }, text.traceStates[traceState]),
    ...traces.length > 0 ? waterfall(traces, drawTrace) : [],
  ].filter(Boolean));
}

/** Without a clipboard (a page that isn't from this machine) the id is selected. */
async function copy() {
  try {
    await navigator.clipboard.writeText(id);
    said = "copied";
  } catch {
    getSelection().selectAllChildren(element("order-id"));
    said = "selected";
  }
  draw();
}

element("copy").addEventListener("click", copy);
obeyHeader(draw);
draw();
polling.again();
