// Who may change something: the administrator, whose token begins a session of this browser.
import { make, text } from "./page.js";

/** Milliseconds; longer than `csp start` waits for a service. */
const timeout = 45_000;

let isActive = false;

export const mayChange = () => isActive;

export async function askSession() {
  const answer = await fetch("/api/session", { signal: AbortSignal.timeout(4000) }).catch(() => null);
  isActive = answer?.ok ? (await answer.json()).isActive : false;
}

/** A form that asks for the token and says what is wrong with it; `done` is called once it was accepted. */
export function signIn(label, done) {
  const token = make("input", { type: "password", name: "token", autocomplete: "off", required: true });
  const wrong = make("p", { role: "status" });
  const begin = async (event) => {
    event.preventDefault();
    const answer = await send("POST", "/api/session", { token: token.value });
    isActive = answer.ok;
    wrong.textContent = answer.ok ? "" : answer.detail ?? text.noAnswer;
    if (answer.ok) done();
  };
  return make(
    "form", { class: "sign-in", onsubmit: begin },
    make("label", {}, `${text.token} `, token), make("button", {}, label), make("p", {}, text.tokenIs), wrong);
}

/** The name that stands in the timeline is kept for the next time. */
export function keepAuthor(field) {
  field.value = localStorage.getItem("by") ?? "";
  field.addEventListener("change", () => localStorage.setItem("by", field.value.trim()));
}

/** `{ ok, status, detail, document }`; status 0 where the console doesn't answer. After a 401 the session is over. */
export async function send(method, path, body) {
  try {
    const answer = await fetch(path, {
      method, headers: body ? { "content-type": "application/json" } : {}, body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(timeout),
    });
    const document = answer.headers.get("content-type")?.includes("json") ? await answer.json() : {};
    if (answer.status === 401) isActive = false;
    return { ok: answer.ok, status: answer.status, detail: document.detail, document };
  } catch {
    return { ok: false, status: 0, detail: text.noAnswer, document: {} };
  }
}
