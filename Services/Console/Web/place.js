// A form that places one order, and says in words what became of it.
import { language, make, money, show, text } from "./page.js";

/** As `csp place` pays. */
const payment = { token: "tok_ok" };
const timeout = 10_000;

let products = null;
let isSending = false;
/** What was sent last, until it is answered: a second press of the same form is the same order. */
let sent = null;
let outcome = null;

const element = () => document.getElementById("place");

/** While inventory doesn't list its products, it is asked again. */
async function readProducts() {
  try {
    const answer = await fetch("/api/products", { signal: AbortSignal.timeout(4000) });
    if (!answer.ok) throw new Error(String(answer.status));
    products = (await answer.json()).items;
  } catch {
    products = products ?? [];
  }
  if (products.length === 0) setTimeout(readProducts, 5000);
  drawPlace();
}

/** The form is built once a language, so that what was filled in stays; its answer is drawn alone. */
export function drawPlace() {
  const typed = element().querySelector("form");
  const chosen = typed ? Object.fromEntries(new FormData(typed)) : kept();
  const key = language + (products?.length ?? "?");
  show(element(), key, () => [form(chosen), make("p", { role: "status", class: "answer" })]);
  const answer = element().querySelector(".answer");
  show(answer, JSON.stringify([language, isSending, outcome]), words);
  answer.dataset.level = isSending ? "" : outcome?.level ?? "";
  element().querySelector("button").setAttribute("aria-disabled", String(isSending));
}

/** What was ordered last on this tab: who comes back can place it again. */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem("order")) ?? {};
  } catch {
    return {};
  }
}

function form(chosen) {
  const field = (label, input) => make("label", {}, make("span", {}, label), input);
  const option = ({ sku, name, unitPrice, currency }) => {
    const price = money(unitPrice, currency);
    return make("option", { value: sku, selected: sku === chosen.sku }, `${name} · ${price} · ${sku}`);
  };
  const empty = make("option", { value: "" }, products === null ? text.askingProducts : text.noProducts);
  return make(
    "form", { class: "place", onsubmit: place },
    field(text.product, make("select", { name: "sku", required: true },
      ...products?.length > 0 ? products.map(option) : [empty])),
    field(text.quantity, make("input", {
      name: "quantity", type: "number", min: 1, max: 9, required: true, value: chosen.quantity ?? 1,
    })),
    field(text.coupon, make("input", {
      name: "coupon", maxlength: 255, autocomplete: "off", spellcheck: "false", value: chosen.coupon ?? "",
      placeholder: text.couponExample,
    })),
    make("button", {}, text.placeOrder));
}

async function place(event) {
  event.preventDefault();
  if (isSending) return;
  const { sku, quantity, coupon } = Object.fromEntries(new FormData(event.target));
  const wanted = JSON.stringify([sku, quantity, coupon.trim()]);
  sessionStorage.setItem("order", JSON.stringify({ sku, quantity, coupon }));
  if (sent?.wanted !== wanted) sent = { wanted, key: crypto.randomUUID?.() ?? randomKey() };
  isSending = true;
  drawPlace();
  outcome = await send({
    customerId: `guest-${sent.key}`, items: [{ sku, quantity: Number(quantity) }],
    ...coupon.trim() ? { couponCode: coupon.trim() } : {}, payment,
  });
  if (outcome.isAnswer) sent = null;
  isSending = false;
  drawPlace();
}

/** `crypto.randomUUID` is there only on a page from this machine, or over TLS. */
const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** An answer that leaves open what became of the order is none: its key is kept. */
async function send(body) {
  try {
    const answer = await fetch("/api/orders", {
      method: "POST", signal: AbortSignal.timeout(timeout), body: JSON.stringify(body),
      headers: { "content-type": "application/json", "idempotency-key": sent.key },
    });
    const document = await answer.json().catch(() => ({}));
    if (answer.ok && document.id) return { isAnswer: true, order: document, level: level(document) };
    const isOpen = answer.status >= 500 || answer.status === 429 || document.code === "request-in-progress";
    const { detail = `HTTP ${answer.status}`, orderId } = document;
    return { isAnswer: !isOpen, level: "outage", detail, orderId };
  } catch {
    return { isAnswer: false, level: "outage" };
  }
}

function level({ status, degradations }) {
  if (status === "rejected" || status === "cancelled") return "outage";
  return status === "confirmed" && degradations.length === 0 ? "ok" : "degraded";
}

function words() {
  if (isSending) return [text.sending];
  if (!outcome) return [text.placeHint];
  const { order, detail, isAnswer, orderId } = outcome;
  if (!order) {
    if (isAnswer) return [text.refusedWith(detail), ...link(orderId)];
    const said = detail === undefined ? text.notSent : text.notConfirmed(detail);
    return [`${said} ${text.keyKept}`, ...link(orderId)];
  }
  const effects = order.degradations.map((each) => text.effects[each.effect] ?? each.effect);
  return [
    text.orderStatus[order.status] ?? order.status,
    order.discount > 0 ? ` ${text.discountOf(money(order.discount, order.currency))}` : "",
    order.total === null ? "" : ` ${text.total}: ${money(order.total, order.currency)}.`,
    effects.length > 0 ? ` ${text.degradedWith(effects.join(", "))}` : "", ...link(order.id),
  ];
}

const link = (id) => id ? [" ", make("a", { href: `/orders/${encodeURIComponent(id)}` }, text.seeOrder)] : [];

readProducts();
