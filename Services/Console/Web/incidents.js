// All incidents: open ones first, then what is to do, past ones, and figures; read again while the page is seen.
import { figures } from "./incident-figures.js";
import { action, byUrgency, cause, impactLine, isOpen, length, link, priority, status } from "./incident-words.js";
import { day, figure, keepFocus, language, make, moment, obeyHeader, show, text, time, translate, zone } from "./page.js";
import { Polling, read } from "./polling.js";
import { askSession, keepAuthor, mayChange, send, signIn } from "./session.js";

const element = (id) => document.getElementById(id);
/** Milliseconds between two readings: while one is open, while none is, and of the figures. */
const pauses = { open: 3000, none: 10_000, figures: 30_000 };
const openStatuses = ["detected", "acknowledged", "mitigated"];

/** Each that was read, by its id. */
const known = new Map();
/** Those that are listed under the filter; null: the list was not read yet. */
let listed = null;
let cursor = null;
let metrics = null;
let countedAt = 0;
let readAt = null;
let problem = "";
let isSending = false;

const list = (query) => `/api/incidents?${new URLSearchParams(query)}`;
const filter = () => element("filter").value;
const page = (query) => list({ limit: 20, ...filter() ? { status: filter() } : {}, ...query });

const polling = new Polling(() => [
  page({}), ...openStatuses.map((status) => list({ status, limit: 100 })),
  ...Date.now() - countedAt < pauses.figures ? [] : ["/api/incidents/metrics"],
], take, draw);

function take(answers) {
  const failed = answers.find(({ status }) => status !== 200);
  problem = failed ? failed.body?.detail ?? text.noAnswer : "";
  const good = answers.filter(({ status }) => status === 200).map(({ body }) => body);
  const seen = new Set(good.flatMap(({ items }) => items?.map(keep) ?? []));
  if (answers[0].status === 200) add(answers[0].body);
  const counted = good.find(({ total }) => total);
  if (counted) [metrics, countedAt] = [counted, Date.now()];
  if (!failed) {
    readAt = Date.now();
    for (const each of [...known.values()].filter((each) => isOpen(each) && !seen.has(each.id))) readOne(each.id);
  }
  return [...known.values()].some(isOpen) || failed ? pauses.open : pauses.none;
}

function keep(incident) {
  known.set(incident.id, incident);
  return incident.id;
}

/** The cursor leads on from the last page that was read: a first page that is read again leaves it. */
function add({ items, nextCursor }, isMore = false) {
  if (isMore || listed === null) cursor = nextCursor;
  listed = new Set([...listed ?? [], ...items.map(keep)]);
}

const toDo = (incident) => incident.actions.filter((each) => each.closedAt === null);

/** One that is in no list of open ones any more. */
async function readOne(id) {
  const { status, body } = await read(`/api/incidents/${encodeURIComponent(id)}`);
  if (status === 200) listed?.add(keep(body));
  if (status === 404) known.delete(id);
  draw();
}

function draw() {
  translate();
  document.title = `${text.toIncidents} · Critical Serving Path`;
  polling.drawConnection();
  const all = [...known.values()];
  drawSentence(all.filter(isOpen).sort(byUrgency));
  drawLists(all);
  drawActions(all);
  drawForm();
  element("figures-title").textContent = metrics ? text.figuresFrom(day(metrics.from)) : text.figures;
  show(element("figures"), key(metrics), () => metrics ? figures(metrics) : hint(text.notRead));
}

const key = (...values) => JSON.stringify([language, new Date().getDate(), ...values]);
const hint = (words) => make("p", { class: "hint" }, words);

function drawSentence(open) {
  const section = element("sentence");
  const isKnown = readAt !== null;
  const isSilent = Boolean(problem) || polling.isLost;
  const unknown = isSilent ? "outage" : "none";
  section.dataset.level = !isKnown ? unknown : open.length === 0 ? "ok" : open[0].priority === "P1" ? "outage" : "degraded";
  const words = isKnown ? text.openCount(open.length) : isSilent ? text.incidentsSilent : text.incidentsAsked;
  show(section.querySelector("h1"), words, () => [words]);
  const stale = problem && isKnown ? text.staleIncident(time(readAt)) : "";
  const since = open.length > 0 ? text.inZone(zone()) : "";
  const line = [stale, problem || since].filter(Boolean).join(" ");
  show(section.querySelector(".since"), line, () => [line]);
}

function drawLists(all) {
  const isWanted = (incident) => filter() === "" || incident.status === filter();
  const open = all.filter((each) => isOpen(each) && isWanted(each)).sort(byUrgency);
  const past = all.filter((each) => !isOpen(each) && listed?.has(each.id) && isWanted(each))
    .sort((left, right) => left.id < right.id ? 1 : -1);
  const none = readAt === null ? text.notRead : filter() ? text.noneWithStatus : null;
  show(element("open"), key(open, none), () => cards(open, none ?? text.noneOpen));
  show(element("past"), key(past, none), () => cards(past, none ?? text.nonePast));
  element("more").hidden = cursor === null;
}

const cards = (incidents, none) => incidents.length === 0
  ? hint(none) : make("ul", { class: "incidents" }, ...incidents.map(card));

function card(incident) {
  const when = isOpen(incident)
    ? text.sinceThen(moment(incident.startedAt)) : text.startedFor(moment(incident.startedAt), length(incident));
  const facts = [status(incident.status), when, text.causeIs(cause(incident.cause))];
  if (isOpen(incident)) facts.push(text.level(incident.escalations.at(-1)?.level ?? 1));
  return make(
    "li", { class: incident.priority },
    make("p", {}, priority(incident.priority), " ", link(incident)),
    make("p", { class: "facts figure" }, facts.join(" · ")),
    make("p", { class: "facts figure" }, impactLine(incident.impact)));
}

/** The one that is due first stands first. */
function drawActions(all) {
  const open = all.flatMap((incident) => toDo(incident).map((each) => ({ incident, each })))
    .sort((left, right) => left.each.due < right.each.due ? -1 : 1);
  const others = Math.max(0, (metrics?.openActions ?? 0) - open.length);
  const lines = open.map(({ incident, each }) => [incident.id, incident.title, each]);
  show(element("actions"), key(lines, others, readAt === null), () => [
    open.length > 0 ? make("ul", { class: "actions" }, ...open.map(({ incident, each }) =>
      action(each, make("p", {}, link(incident, `${incident.id} ${each.id}`))))) : null,
    others > 0 ? hint(text.otherActions(figure(others))) : null,
    open.length + others === 0 ? hint(readAt === null ? text.notRead : text.noOpenActions) : null,
  ].filter(Boolean));
}

function drawForm() {
  const form = element("open-form");
  show(document.querySelector(".sign-in-here"), language + mayChange(), () =>
    mayChange() ? [] : signIn(text.signInIncidents, () => {
      draw();
      keepFocus(form.elements.title);
    }));
  form.hidden = !mayChange();
  form.querySelector("button").setAttribute("aria-disabled", String(isSending));
}

async function open(event) {
  event.preventDefault();
  if (isSending) return;
  const { title, priority, service, by } = Object.fromEntries(new FormData(event.target));
  isSending = true;
  element("open-said").textContent = text.isSent;
  draw();
  const services = service.trim() ? [service.trim()] : [];
  const answer = await send("POST", "/api/incidents", { title, priority, services, ...by.trim() ? { by: by.trim() } : {} });
  isSending = false;
  element("open-said").textContent = answer.ok ? text.isDone : answer.detail ?? text.noAnswer;
  draw();
  if (answer.ok) location.assign(`/incidents/${encodeURIComponent(answer.document.id)}`);
}

async function more() {
  const wanted = filter();
  element("more-said").textContent = text.isSent;
  const { status, body } = await read(page({ cursor }));
  if (wanted !== filter()) return;
  element("more-said").textContent = status === 200 ? "" : body?.detail ?? text.noAnswer;
  if (status === 200) add(body, true);
  draw();
  if (cursor === null) keepFocus(element("past").querySelector("li:last-child a"));
}

element("filter").addEventListener("change", () => {
  listed = null;
  cursor = null;
  element("more-said").textContent = "";
  draw();
  polling.again();
});
element("more").addEventListener("click", more);
element("open-form").addEventListener("submit", open);
keepAuthor(element("open-form").elements.by);
obeyHeader(draw);
draw();
polling.again();
askSession().then(draw);
read("/api/snapshot").then(({ body }) => {
  const names = (body?.services ?? []).map(({ name }) => make("option", { value: name }));
  element("services").replaceChildren(...names);
});
