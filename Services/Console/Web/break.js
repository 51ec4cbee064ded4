// What breaks a service and brings it back: buttons where this console may, commands to copy where it may not.
import { make, text } from "./page.js";
import { mayChange, send, signIn } from "./session.js";

const seconds = 60;
const kinds = {
  slow: { kind: "latency", milliseconds: 2000, expiresInSeconds: seconds },
  errors: { kind: "error", status: 500, percent: 50, expiresInSeconds: seconds },
};
const states = {
  kill: (state) => state !== "dead", freeze: (state) => state !== "dead" && state !== "frozen",
  thaw: (state) => state === "frozen", start: (state) => state === "dead",
};

let said = "";

/** What is drawn follows from this; a form that is being filled in doesn't change. */
export const key = ({ control, faultsAllowed, services }) =>
  JSON.stringify([
    control, faultsAllowed, mayChange(), said,
    services.map(({ name, state }) => mayChange() ? [name, state] : name),
  ]);

export function tools(snapshot, changed) {
  const { control, faultsAllowed } = snapshot;
  const parts = [];
  if (control !== "csp") parts.push(...commands(snapshot.services));
  if (control === "csp" || faultsAllowed) parts.push(mayChange() ? table(snapshot, changed) : signIn(text.signIn, changed));
  if (control === "csp" && !faultsAllowed) parts.push(make("p", { class: "hint" }, text.faultsOff));
  return [...parts, make("p", { role: "status" }, said)];
}

/** What each command does, said once; then the commands of each service. */
function commands(services) {
  const words = { kill: "kill", freeze: "pause", thaw: "unpause", start: "start" };
  const meanings = Object.entries(words).flatMap(([action, word]) => [
    make("dt", {}, word), make("dd", {}, text.explain[action]),
  ]);
  const lines = (name) => Object.values(words).map((word) =>
    make("code", {}, `docker compose ${word} ${name}`));
  return [
    make("dl", { class: "commands" }, ...meanings),
    make("p", {}, text.inTerminal),
    make("dl", { class: "commands" }, ...services.flatMap(({ name }) => [
      make("dt", {}, name), make("dd", { class: "copy" }, ...lines(name)),
    ])),
  ];
}

function table({ control, faultsAllowed, services }, changed) {
  const act = (method, path, body, words) => async () => {
    said = `${words} …`;
    changed();
    const answer = await send(method, path, body);
    said = answer.detail ?? (answer.ok ? `${words} ✓` : text.noAnswer);
    changed();
  };
  const row = ({ name, state }) => {
    const base = `/api/services/${encodeURIComponent(name)}`;
    const actions = control !== "csp" ? [] : Object.keys(states).map((action) => make("button", {
      type: "button", "data-key": `${name} ${action}`, disabled: !states[action](state), title: text.explain[action],
      onclick: act("POST", `${base}/${action}`, null, `${text.actions[action]} ${name}`),
    }, text.actions[action]));
    const injected = !faultsAllowed ? [] : [...Object.keys(kinds), "clear"].map((fault) => make("button", {
      type: "button", "data-key": `${name} ${fault}`, title: text.explain[fault],
      onclick: act(
        fault === "clear" ? "DELETE" : "PUT", `${base}/faults`,
        fault === "clear" ? null : { faults: [kinds[fault]] }, `${name}: ${text.actions[fault]}`),
    }, text.actions[fault]));
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, ...actions), make("td", {}, ...injected));
  };
  return make("table", { class: "break" }, make("tbody", {}, ...services.map(row)));
}
