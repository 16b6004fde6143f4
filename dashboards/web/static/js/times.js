// Keeps times current. <time data-relative datetime=…> says how long ago by the shop's clock, <time data-clock …> the time
// of day where the visitor is; both carry the whole local time as their title. Language and clock come from the page.

const body = document.body;
const language = document.documentElement.lang || "en";
const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
const timeOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const whole = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });

const STEPS = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];
const JUST_NOW_S = 3;
const EVERY_MS = 1000;

let shopMs = Number(body.dataset.shopMs || Date.now());
let rate = Number(body.dataset.shopRate || 1);
let setAtMs = performance.now();

/** Set the shop's clock: its time in milliseconds since 1970, and shop seconds per wall second. */
export function setClock(clock) {
  shopMs = clock.shop_ms;
  rate = clock.rate;
  setAtMs = performance.now();
}

/** The shop's time in milliseconds since 1970. */
export function shopNow() {
  return shopMs + (performance.now() - setAtMs) * rate;
}

/** "3 minutes ago" for a moment in milliseconds since 1970; what is still to come is told likewise. */
export function ago(ms) {
  let apart = (ms - shopNow()) / 1000;
  if (Math.abs(apart) < JUST_NOW_S) return relative.format(0, "second");
  for (const [unit, size] of STEPS) {
    if (Math.abs(apart) < size) return relative.format(Math.trunc(apart), unit);
    apart /= size;
  }
  return "";
}

function tell(element) {
  const ms = Date.parse(element.dateTime);
  if (Number.isNaN(ms)) return;
  const text = "relative" in element.dataset ? ago(ms) : timeOfDay.format(ms);
  if (element.textContent !== text) element.textContent = text;
  const title = whole.format(ms);
  if (element.title !== title) element.title = title;
  element.ariaLive = "off"; // a time that goes on is no news, also inside of a region that tells news
}

const TIMES = "time[data-relative], time[data-clock]";

function tellAll() {
  if (!document.hidden) document.querySelectorAll(TIMES).forEach(tell);
}

new MutationObserver((records) => {
  for (const record of records) {
    for (const node of record.addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      if (node.matches(TIMES)) tell(node);
      node.querySelectorAll(TIMES).forEach(tell);
    }
  }
}).observe(body, { childList: true, subtree: true });

document.addEventListener("visibilitychange", tellAll);
document.addEventListener("htmx:after:swap", tellAll); // a morph writes the server's text into a time that stays
setInterval(tellAll, EVERY_MS);
tellAll();
