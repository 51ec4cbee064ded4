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

/** The time of day in the viewer's zone. */
export const time = (at) => new Date(at).toLocaleTimeString(language, { hourCycle: "h23" });

export const zone = () =>
  new Intl.DateTimeFormat(language, { timeZoneName: "short" })
    .formatToParts(new Date()).find((part) => part.type === "timeZoneName").value;

/** Replaces what an element holds, and leaves it alone where nothing changed: a reader's place and focus stay. */
export function show(element, key, build) {
  if (element.dataset.shown === key) return;
  element.dataset.shown = key;
  element.replaceChildren(...[build()].flat());
}
