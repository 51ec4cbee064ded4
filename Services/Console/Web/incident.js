// The page of one incident: its record, read again while it may change, and what the administrator does about it.
import { isOpen, length, priority, status, told } from "./incident-words.js";
import { actions, cause, escalations, impact, notices, timeline, times } from "./incident-record.js";
import { keepFocus, language, make, moment, obeyHeader, ownId, show, text, time, translate, zone } from "./page.js";
import { Polling } from "./polling.js";
import { askSession, keepAuthor, mayChange, send, signIn } from "./session.js";

const element = (id) => document.getElementById(id);
const id = ownId();
const path = `/api/incidents/${encodeURIComponent(id)}`;
/** Milliseconds between two readings. */
const pauses = { open: 2000, over: 10_000 };
/** What each status allows; a note is always allowed. */
const allowed = {
  detected: ["acknowledge", "mitigate", "resolve", "escalate"], acknowledged: ["mitigate", "resolve", "escalate"],
  mitigated: ["resolve", "escalate"], resolved: ["review"], reviewed: [],
};
/** These take the text of the note with them. */
const withText = ["mitigate", "resolve", "escalate", "note"];
/** How the parts are drawn, and what of the incident they show: one that hasn't changed is left alone. */
const parts = {
  times: [times, ["startedAt", "acknowledgedAt", "mitigatedAt", "resolvedAt"]],
  impact: [impact, ["impact"]],
  cause: [cause, ["cause", "isCauseAssumed", "services", "lastChange"]],
  timeline: [timeline, ["timeline"]],
  escalations: [escalations, ["escalations"]],
  notices: [notices, ["notices"]],
};

/** `asking`, `known`, `unknown` (there is none), `silent` (it can't be read). What was known stays. */
let state = "asking";
let problem = "";
let incident = null;
let readAt = null;
let isSending = false;

const polling = new Polling(() => [path], take, draw);

function take([found]) {
  problem = found.status === 200 || found.status === 404 ? "" : found.body?.detail ?? text.noAnswer;
  if (found.status === 200) keep(found.body);
  else state = found.status === 404 ? "unknown" : "silent";
  return state === "unknown" || (state === "known" && !isOpen(incident)) ? pauses.over : pauses.open;
}

function keep(read) {
  state = "known";
  incident = read;
  readAt = Date.now();
}

function draw() {
  translate();
  polling.drawConnection();
  drawHeadline();
  element("record").hidden = incident === null;
  if (incident) drawRecord();
  drawWork();
}

function drawHeadline() {
  const section = element("sentence");
  const isStale = incident !== null && (state !== "known" || polling.isLost);
  section.dataset.level = incident ? level() : state === "asking" && !polling.isLost ? "none" : "outage";
  const words = incident ? told(incident.title) : text.incidentStates[polling.isLost ? "silent" : state];
  document.title = `${incident ? `${incident.priority} ${words}` : id} · Critical Serving Path`;
  show(element("headline"), language + JSON.stringify([words, incident?.priority, incident?.status]), () => [
    incident ? make("p", { class: "badges" },
      priority(incident.priority), " ", make("span", { class: "status" }, status(incident.status)),
      make("span", { class: "facts" }, ` ${text.priorityHints[incident.priority] ?? ""}`)) : null,
    make("h1", {}, words),
  ].filter(Boolean));
  const since = incident ? lasted() : problem;
  section.querySelector(".since").textContent = isStale
    ? `${text.staleIncident(time(readAt))} ${state === "unknown" ? text.incidentStates.unknown : problem}` : since;
  element("record").classList.toggle("old", isStale);
  const effect = incident?.effect?.[language] ?? "";
  element("effect").textContent = effect && isOpen(incident) ? text.customersGet(effect) : "";
}

function level() {
  if (!isOpen(incident)) return "ok";
  return incident.priority === "P1" && incident.status !== "mitigated" ? "outage" : "degraded";
}

function lasted() {
  const from = `${moment(incident.startedAt)} ${zone()}`;
  return isOpen(incident)
    ? text.openFor(from, length(incident)) : text.lasted(from, moment(incident.resolvedAt), length(incident));
}

function drawRecord() {
  // Today's times are told without the day.
  const key = (...values) => JSON.stringify([language, new Date().getDate(), ...values]);
  for (const [name, [build, members]] of Object.entries(parts)) {
    show(element(name), key(...members.map((member) => incident[member])), () => build(incident));
  }
  show(element("actions"), key(incident.actions, mayChange()), () => actions(incident, mayChange() ? close : null));
  element("postmortem").href = `${path}/postmortem.md?lang=${language}`;
}

/** The forms are built once, so that what is being typed and the focus stay. */
function drawWork() {
  show(document.querySelector(".sign-in-here"), language + mayChange(), () =>
    mayChange() ? [] : signIn(text.signInIncidents, () => {
      draw();
      keepFocus(element("work-title"));
    }));
  element("work").hidden = !mayChange();
  element("add-action").hidden = !mayChange();
  for (const button of element("work").querySelectorAll("[data-move]")) {
    const { move } = button.dataset;
    button.hidden = move !== "note" && !(allowed[incident?.status] ?? []).includes(move);
    button.title = text.moveHints[move];
  }
  for (const button of element("record").querySelectorAll("form button")) {
    button.setAttribute("aria-disabled", String(isSending));
  }
}

/** Sends it, and says beside the form what became of it. Answers whether it was done. */
async function act(where, request, body) {
  if (isSending) return false;
  isSending = true;
  element(where).textContent = text.isSent;
  draw();
  const by = element("work").elements.by.value.trim();
  const answer = await send("POST", `${path}/${request}`, { ...body, ...by ? { by } : {} });
  isSending = false;
  if (answer.ok) keep(answer.document);
  element(where).textContent = answer.ok ? text.isDone : answer.detail ?? text.noAnswer;
  draw();
  polling.again();
  return answer.ok;
}

async function move(name) {
  const field = element("work").elements.text;
  const words = withText.includes(name) ? field.value.trim() : "";
  const isDone = await act("work-said", name, words ? { text: words } : {});
  if (isDone && words && field.value.trim() === words) field.value = "";
  // Not to the next button: a key that is held down would press it too.
  keepFocus(element("work-title"));
}

async function close(action) {
  await act("actions-said", `actions/${action}/close`, {});
  keepFocus(element("actions-title"));
}

for (const button of element("work").querySelectorAll("[type=button]")) {
  button.addEventListener("click", () => move(button.dataset.move));
}
element("work").addEventListener("submit", (event) => {
  event.preventDefault();
  move("note");
});
element("add-action").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  if (await act("actions-said", "actions", Object.fromEntries(new FormData(form)))) form.reset();
});
keepAuthor(element("work").elements.by);
obeyHeader(draw);
draw();
polling.again();
askSession().then(draw);
