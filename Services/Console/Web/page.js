// What every part of the page needs: elements, numbers, times, and the language.
import en from "./text.en.js";
import ko from "./text.ko.js";

const languages = { en, ko };
const preferred = () => localStorage.getItem("language") ?? (navigator.language.startsWith("ko") ? "ko" : "en");
export let language = preferred();
export let text = languages[language];

export function switchLanguage() {
  language = language === "en" ? "ko" : "en";
  text = languages[language];
  localStorage.setItem("language", language);
}

/** An element of HTML or, where the name begins with `svg:`, of SVG. Text among the children is text, never markup. */
export function make(name, attributes = {}, ...children) {
  const element = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** At most three significant digits. */
export function figure(number) {
  if (number === null || number === undefined) return "–";
  const digits = Math.abs(number) >= 100 ? 0 : Math.abs(number) >= 10 ? 1 : 2;
  return number.toLocaleString(language, { maximumFractionDigits: digits });
}

export const milliseconds = (number) =>
  number === null || number === undefined ? "–" : number >= 1000 ? `${figure(number / 1000)} s` : `${figure(number)} ms`;

/** From milliseconds to hours, on one line. */
export function elapsed(number) {
  if (number < 999.5) return `${figure(number)}\u00a0ms`;
  if (number < 59_950) return `${figure(number / 1000)}\u00a0s`;
  const seconds = Math.round(number / 1000);
  return text.longer(Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60);
}

/** Of minor units, in the currency's form; as they are where the currency isn't known. */
export function money(amount, currency) {
  if (amount === null || amount === undefined || !currency) return figure(amount);
  const form = { style: "currency", currency, currencyDisplay: "narrowSymbol" };
  const format = new Intl.NumberFormat(language, form);
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** The time of day in the viewer's zone. */
export const time = (at) => new Date(at).toLocaleTimeString(language, { hourCycle: "h23" });

export const day = (at) => new Date(at).toLocaleDateString(language, { dateStyle: "medium" });

/** The time of day, and the day where it isn't today. */
export const moment = (at) => day(at) === day(Date.now()) ? time(at) : `${day(at)} ${time(at)}`;

export const zone = () =>
  new Intl.DateTimeFormat(language, { timeZoneName: "short" })
    .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;

export function theme() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

/** The id that the page's own address ends with. */
export const ownId = () => decodeURIComponent(location.pathname.replace(/\/$/, "").split("/").at(-1));

/** A text by its name, as `theme.dark`. */
const word = (name) => name.split(".").reduce((words, part) => words[part], text);

/** The words that a page's own HTML asks for, and links to what speaks the language of `?lang=`. */
export function translate() {
  document.documentElement.lang = language;
  for (const each of document.querySelectorAll("[data-text]")) {
    const words = word(each.dataset.text);
    if (each.textContent !== words) each.textContent = words;
  }
  for (const each of document.querySelectorAll("[data-label]")) {
    each.setAttribute("aria-label", word(each.dataset.label));
  }
  for (const each of document.querySelectorAll("a[data-lang]")) each.search = `?lang=${language}`;
  document.getElementById("language").textContent = text.other;
  document.getElementById("theme").textContent = text.theme[theme()];
}

/** The buttons in the header, which all pages have; the choices are kept. */
export function obeyHeader(draw) {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
  document.getElementById("theme").addEventListener("click", () => {
    document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark";
    localStorage.setItem("theme", document.documentElement.dataset.theme);
    draw();
  });
  document.getElementById("language").addEventListener("click", () => {
    switchLanguage();
    draw();
  });
}

/** Replaces what an element holds, and leaves it alone where nothing changed: a reader's place and focus stay.
    Drawn anew, it keeps the focus on what has the same `data-key`. */
export function show(element, key, build) {
  if (element.dataset.shown === key) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  element.dataset.shown = key;
  element.replaceChildren(...[build()].flat());
  if (!focused) return;
  element.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/** What had the focus may be gone: then `next` gets it. */
export function keepFocus(next) {
  if (!document.activeElement?.offsetParent) next?.focus();
}

/** The bar above a page that has lost the console, with a countdown to the next try; null: it isn't lost. */
export function showConnection(nextAt) {
  const bar = document.getElementById("connection");
  bar.hidden = nextAt === null;
  document.body.classList.toggle("lost", nextAt !== null);
  if (nextAt === null) return;
  // Said once; the countdown is only seen.
  show(bar.querySelector("[role=status]"), language, () => [text.lost]);
  bar.querySelector(".countdown").textContent = text.nextTry(Math.max(0, Math.ceil((nextAt - Date.now()) / 1000)));
}
