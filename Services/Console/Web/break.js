// What breaks a service and brings it back: buttons where this console may, commands to copy where it may not.
import { make, text } from "./page.js";

const seconds = 60;
const faults = {
  slow: { kind: "latency", milliseconds: 2000, expiresInSeconds: seconds },
  errors: { kind: "error", status: 500, percent: 50, expiresInSeconds: seconds },
};
const states = {
  kill: (state) => state !== "dead", freeze: (state) => state !== "dead" && state !== "frozen",
  thaw: (state) => state === "frozen", start: (state) => state === "dead",
};

let isActive = false;
let said = "";

export async function askSession() {
  const answer = await fetch("/api/session").catch(() => null);
  isActive = answer?.ok ? (await answer.json()).isActive : false;
}

/** What is drawn follows from this. */
export const key = ({ control, services }) =>
  JSON.stringify([control, isActive, said, services.map((service) => [service.name, service.state])]);

export function tools({ control, services }, changed) {
  const status = make("p", { role: "status" }, said);
  if (control !== "csp") return [...commands(services), status];
  return [isActive ? table(services, changed) : signIn(changed), status];
}

function commands(services) {
  const name = services.at(-1)?.name ?? "SERVICE";
  const lines = { kill: "kill", freeze: "pause", thaw: "unpause", start: "start" };
  return [
    make("p", {}, text.inTerminal),
    make("dl", { class: "commands" }, ...Object.entries(lines).flatMap(([action, command]) => [
      make("dt", {}, `docker compose ${command} ${name}`), make("dd", {}, text.explain[action]),
    ])),
  ];
}

function signIn(changed) {
  const token = make("input", { type: "password", name: "token", autocomplete: "off", required: true });
  return make(
    "form", { class: "sign-in", onsubmit: async (event) => {
      event.preventDefault();
      const answer = await send("POST", "/api/session", { token: token.value });
      isActive = answer.ok;
      said = answer.ok ? "" : answer.detail;
      changed();
    } },
    make("label", {}, `${text.token} `, token), make("button", {}, text.signIn), make("p", {}, text.tokenIs));
}

function table(services, changed) {
  const act = (method, path, body, words) => async () => {
    said = `${words} …`;
    changed();
    const answer = await send(method, path, body);
    said = answer.detail ?? `${words} ✓`;
    changed();
  };
  const row = ({ name, state }) => {
    const base = `/api/services/${encodeURIComponent(name)}`;
    const actions = Object.keys(states).map((action) => make("button", {
      type: "button", disabled: !states[action](state), title: text.explain[action],
      onclick: act("POST", `${base}/${action}`, null, `${text.actions[action]} ${name}`),
    }, text.actions[action]));
    const injected = Object.entries(faults).map(([fault, value]) => make("button", {
      type: "button", title: text.explain[fault],
      onclick: act("PUT", `${base}/faults`, { faults: [value] }, `${name}: ${text.actions[fault]}`),
    }, text.actions[fault]));
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, ...actions), make("td", {}, ...injected));
  };
  return make("table", { class: "break" }, make("tbody", {}, ...services.map(row)));
}

async function send(method, path, body) {
  try {
    const answer = await fetch(path, {
      method, headers: body ? { "content-type": "application/json" } : {}, body: body ? JSON.stringify(body) : null,
    });
    const document = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    return { ok: answer.ok, detail: document.detail };
  } catch {
    return { ok: false, detail: text.noAnswer };
  }
}
