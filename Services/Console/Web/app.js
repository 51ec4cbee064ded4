// One stream of snapshots, drawn anew each second.
import { key, tools } from "./break.js";
import { History, charts, reading } from "./charts.js";
import { banner } from "./incident-words.js";
import { language, obeyHeader, show, showConnection, text, time, translate, zone } from "./page.js";
import { path } from "./path.js";
import { drawPlace } from "./place.js";
import { askSession } from "./session.js";
import { stories } from "./stories.js";

const element = (id) => document.getElementById(id);
/** Milliseconds without a snapshot. */
const silence = 4000;
const history = new History();
let snapshot = null;
let lostAt = null;
let retryAt = null;
let stream = null;
let heardAt = Date.now();

function draw() {
  translate();
  drawPlace();
  drawConnection();
  if (!snapshot) return;
  element("clock").textContent = `${time(snapshot.at)} ${zone()}`;
  element("mode").hidden = snapshot.mode !== "naive";
  element("mode").textContent = text.naive;
  drawSentence();
  drawIncidents();
  show(element("path"), language + JSON.stringify([snapshot.services, snapshot.dependencies, snapshot.queues]), () => path(snapshot));
  show(element("stories"), language + JSON.stringify(snapshot.recent), () => stories(snapshot.recent));
  drawBreak();
  drawHistory();
}

function drawBreak() {
  show(element("break"), language + key(snapshot), () => tools(snapshot, drawBreak));
}

function drawIncidents() {
  const { incidents } = snapshot;
  element("incidents").hidden = incidents.length === 0;
  show(element("incidents"), language + JSON.stringify(incidents), () => banner(incidents));
}

/** A change of the sentence is said once: what didn't change isn't touched. */
function drawSentence() {
  const section = element("sentence");
  section.dataset.level = snapshot.level;
  show(section.querySelector("h1"), language + snapshot.sentence[language], () => [snapshot.sentence[language]]);
  const since = snapshot.since && snapshot.level !== "ok" ? text.since(time(snapshot.since)) : "";
  show(section.querySelector(".since"), language + since, () => [since]);
}

function drawHistory() {
  element("history").querySelector(".charts").replaceChildren(...charts(history));
  const line = element("history").querySelector(".reading");
  // Spoken only to who moves along the axis.
  line.setAttribute("aria-live", history.focus === null ? "off" : "polite");
  line.textContent = reading(history);
}

const drawConnection = () => showConnection(lostAt === null ? null : retryAt);

let wait = 1;

/** Follows the stream; when it is lost, tries again after 1, 2, 4, … at most 10 seconds. */
function follow() {
  heardAt = Date.now();
  stream = new EventSource("/api/stream");
  stream.addEventListener("snapshot", (event) => {
    if (lostAt !== null) readHistory();
    wait = 1;
    lostAt = null;
    heardAt = Date.now();
    take(JSON.parse(event.data));
  });
  stream.onerror = lose;
}

function lose() {
  stream?.close();
  stream = null;
  lostAt ??= Date.now();
  retryAt = Date.now() + wait * 1000;
  setTimeout(follow, wait * 1000);
  wait = Math.min(10, wait * 2);
  drawConnection();
}

/** A frozen console breaks no connection: silence counts as a loss. */
function watch() {
  if (stream !== null && Date.now() - heardAt > silence) lose();
  if (lostAt !== null) drawConnection();
}

function readHistory() {
  fetch("/api/history").then((answer) => answer.json()).then(({ points }) => {
    history.replace(points);
    draw();
  }).catch(() => {});
}

function take(next) {
  snapshot = next;
  history.add(next.point);
  draw();
}

askSession();

const charted = element("history").querySelector(".charts");
charted.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30 }[event.key];
  if (event.key === "Escape") history.focus = null;
  else if (step) history.move(step);
  else return;
  event.preventDefault();
  drawHistory();
});
charted.addEventListener("pointermove", (event) => {
  const drawing = charted.querySelector("svg")?.getBoundingClientRect();
  if (!drawing) return;
  history.pick((event.clientX - drawing.left) / drawing.width);
  drawHistory();
});
charted.addEventListener("pointerleave", () => {
  history.focus = null;
  drawHistory();
});

obeyHeader(draw);
draw();
setInterval(watch, 500);
readHistory();
follow();
