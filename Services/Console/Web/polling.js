// Reads what a page shows again and again while the page is seen, and says so where the console doesn't answer.
import { showConnection } from "./page.js";

/** Milliseconds: for an answer, and until the next try where there was none. */
const timeout = 4000;
const retry = 1000;

/** `{ status, body }`; status 0 where the console itself doesn't answer. */
export async function read(path) {
  try {
    const answer = await fetch(path, { signal: AbortSignal.timeout(timeout), cache: "no-store" });
    const body = await answer.json().catch(() => null);
    // An answer that was cut off is none.
    return { status: answer.ok && body === null ? 0 : answer.status, body };
  } catch {
    return { status: 0, body: null };
  }
}

export class Polling {
  isLost = false;
  #turn = 0;
  #timer = null;
  #nextAt = 0;

  /** `paths` answers what is read. `take` is given the answers, and answers the milliseconds until the next time;
      where the console doesn't answer at all it isn't called. `draw` is called after each reading. */
  constructor(paths, take, draw) {
    Object.assign(this, { paths, take, draw });
    // Of a hidden page only the first reading is made; it is read again when it is seen.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) clearTimeout(this.#timer);
      else this.again();
    });
    setInterval(() => { if (this.isLost) this.drawConnection(); }, 500);
  }

  /** Reads now. What an earlier reading still answers doesn't count: it may be older than what was done since. */
  async again() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    const turn = this.#turn;
    const answers = await Promise.all(this.paths().map(read));
    if (turn !== this.#turn) return;
    this.isLost = answers.every(({ status }) => status === 0);
    const pause = this.isLost ? retry : this.take(answers);
    this.#nextAt = Date.now() + pause;
    if (!document.hidden) this.#timer = setTimeout(() => this.again(), pause);
    this.draw();
  }

  drawConnection() { showConnection(this.isLost ? this.#nextAt : null); }
}
