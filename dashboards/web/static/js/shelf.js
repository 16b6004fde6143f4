// The page of a shelf: the weight plot that slides with the shop's clock, and the pieces fetched anew when a place of
// the shelf changes.
import { ago, shopNow } from "./times.js";
import { Plot, weightText } from "./shelf-plot.js";
import { Weights } from "./shelf-weights.js";

const SPAN_MS = { "10m": 600_000, "24h": 86_400_000 };
const LEAD_MS = 60_000;
const FRESH_APART_MS = 1_000;
const TABLE_APART_MS = 2_000;
const AGAIN_MS = 3_000;
const SLIDE_MIN_MS = 250;
const SLIDE_MAX_MS = 5_000;
const CHANGE_LEAST_G = 3;
const ROWS_MAX = 200;
const STEPS = 60;

const language = document.documentElement.lang || "en";
const timeOfDay = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const signed = new Intl.NumberFormat(language, { style: "unit", unit: "gram", maximumFractionDigits: 0, signDisplay: "always" });

const section = document.querySelector("[data-trace]");
const trace = section ? startTrace(section) : null;
followPlaces(document.querySelector("[data-places]"), document.querySelector("[data-fresh-from]"));

// --- the plot -------------------------------------------------------------------------------------------------------

function startTrace(section) {
  const element = section.querySelector("[data-plot]");
  const buttons = [...section.querySelectorAll("[data-plate]")];
  const keys = buttons.map((button, place) => ({
    plate: button.dataset.plate,
    number: place + 1,
    style: Number(button.dataset.style),
    dash: (button.querySelector("line").getAttribute("stroke-dasharray") ?? "").split(" ").filter(Boolean).map(Number),
  }));
  const weights = new Weights(keys.map((key) => key.plate));
  const read = section.querySelector("[data-read]");
  const table = section.querySelector("[data-trace-table]");
  const empty = element.appendChild(Object.assign(document.createElement("p"), { className: "trace-empty", hidden: true }));
  let span = "10m";
  let pointed = null; // the moment under the pointer
  let pinned = null; // the moment the arrow keys went to; it stays while the plot slides
  let pending = null;
  let ended = new AbortController();
  let againTimer;

  const plot = new Plot(element, keys, weights, (ms) => {
    pointed = ms;
    tell();
  });
  element.addEventListener("mousemove", () => (pinned = null));

  // What the legend and the line below say: the moment pointed at, else now.
  function tell() {
    const ms = pinned ?? pointed ?? shopNow();
    keys.forEach((key, place) => {
      const value = weights.at(key.plate, ms);
      const text = value === null ? element.dataset.wordSilent : weightText(value);
      const cell = buttons[place].querySelector("[data-value]");
      if (cell.textContent !== text) cell.textContent = text;
    });
    const text = pinned === null && pointed === null ? "" : [timeOfDay.format(ms), ...said(ms), ...near(ms)].join(" · ");
    if (read.textContent !== text) read.textContent = text;
  }

  // The weights at a moment, for those who went there by keys; the pointer has the legend.
  function said(ms) {
    if (pinned === null) return [];
    const values = keys.map((key) => [key.number, weights.at(key.plate, ms)]).filter(([, value]) => value !== null);
    return values.length ? [values.map(([number, value]) => `${number}: ${weightText(value)}`).join(", ")] : [];
  }

  function near(ms) {
    const reach = SPAN_MS[span] / 120;
    return [...weights.events.values()].filter((event) => Math.abs(event.at_ms - ms) < reach).map((event) => event.text);
  }

  function slide() {
    const now = shopNow();
    weights.forget(now - SPAN_MS[span] - LEAD_MS);
    plot.show(now - SPAN_MS[span], now);
    const none = keys.every((key) => weights.points.get(key.plate).length === 0);
    if (empty.hidden === none) empty.hidden = !none;
    if (pinned !== null) plot.point(pinned);
    if (pointed === null) tell();
  }

  async function fetchAll() {
    clearTimeout(againTimer);
    ended.abort();
    const mine = (ended = new AbortController());
    pending = [];
    try {
      const answer = await fetch(`${section.dataset.trace}?span=${span}`, { signal: mine.signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      weights.load(await answer.json());
      weights.add(pending);
      empty.textContent = element.dataset.wordNoData;
    } catch {
      if (mine.signal.aborted) return; // a newer one is under way
      empty.textContent = element.dataset.wordFailed;
      againTimer = setTimeout(fetchAll, AGAIN_MS);
    }
    if (mine === ended) pending = null;
    slide();
    fillTable();
  }

  document.body.addEventListener("live:weights", (event) => {
    if (event.detail === null) {
      fetchAll();
      return;
    }
    pending?.push(...event.detail);
    if (weights.add(event.detail)) slide();
  });

  for (const button of section.querySelectorAll("[data-span]")) {
    button.addEventListener("click", () => {
      span = button.dataset.span;
      for (const one of section.querySelectorAll("[data-span]")) one.setAttribute("aria-pressed", String(one === button));
      fetchAll();
    });
  }
  buttons.forEach((button, place) => {
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") === "false";
      button.setAttribute("aria-pressed", String(shown));
      plot.toggle(place, shown);
    });
  });

  // Arrow keys walk through the window; what a moment shows is said aloud.
  element.addEventListener("keydown", (event) => {
    const step = SPAN_MS[span] / STEPS;
    const now = shopNow();
    const from = pinned ?? pointed ?? now;
    const moves = { ArrowLeft: from - step, ArrowRight: from + step, Home: now - SPAN_MS[span], End: now };
    if (event.key === "Escape") pin(null);
    if (!(event.key in moves)) return;
    event.preventDefault();
    pin(Math.min(now, Math.max(now - SPAN_MS[span], moves[event.key])));
  });
  element.addEventListener("blur", () => pin(null));

  function pin(ms) {
    pinned = ms;
    plot.point(ms);
    tell();
  }

  let filledMs = -Infinity;
  function fillTable() {
    if (!table.open || performance.now() - filledMs < TABLE_APART_MS) return;
    filledMs = performance.now();
    const rows = weights.changes(shopNow() - SPAN_MS[span], CHANGE_LEAST_G, ROWS_MAX).map(({ ms, plate, grams, change, texts }) => {
      const row = document.createElement("tr");
      const name = buttons[keys.findIndex((key) => key.plate === plate)].querySelector(".trace-name").textContent.trim();
      const cells = [timeOfDay.format(ms), name, weightText(grams), change === null ? "" : signed.format(change), texts.join("; ")];
      cells.forEach((text, place) => {
        const cell = row.insertCell();
        cell.textContent = text;
        if (place === 2 || place === 3) cell.className = "right";
      });
      return row;
    });
    table.querySelector("tbody").replaceChildren(...rows);
  }
  table.addEventListener("toggle", () => {
    filledMs = -Infinity;
    fillTable();
  });

  (function again() {
    if (!document.hidden) {
      slide();
      fillTable();
    }
    const rate = Number(document.body.dataset.shopRate || 1);
    const pixelMs = SPAN_MS[span] / rate / Math.max(1, element.clientWidth);
    setTimeout(again, Math.min(SLIDE_MAX_MS, Math.max(SLIDE_MIN_MS, pixelMs)));
  })();
  fetchAll();
  return { weights, slide };
}

// --- what no frame brings -------------------------------------------------------------------------------------------

// A place of the shelf changes with everything that happens on it.
function followPlaces(places, list) {
  if (!places || !list) return;
  let timer;
  const later = () => (timer ??= setTimeout(() => { timer = undefined; fetchFresh(list.dataset.freshFrom); }, FRESH_APART_MS));
  new MutationObserver((records) => {
    if (records.some((record) => record.target.closest?.("[data-part]") === record.target)) later();
  }).observe(places, { childList: true, subtree: true });
  document.body.addEventListener("live:weights", (event) => event.detail?.forEach(([plate, ms]) => see(places, plate, ms)));
  const everyS = Number(list.dataset.freshEveryS || 0);
  if (everyS) setInterval(() => document.hidden || later(), everyS * 1000);
}

// A weight that changed nothing still says that its scale is there; one that is not to be believed says nothing.
function see(places, plate, ms) {
  for (const time of places.querySelectorAll(`[data-plates~="${CSS.escape(plate)}"] [data-fresh]:not([data-still]) time`)) {
    if (Date.parse(time.dateTime) >= ms) continue;
    time.dateTime = new Date(ms).toISOString();
    time.textContent = ago(ms);
  }
}

const shown = new WeakMap();

async function fetchFresh(address) {
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok) return; // the next change tries again
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const piece of document.querySelectorAll("[data-fresh]")) {
    const newer = fresh.querySelector(`[data-fresh="${piece.dataset.fresh}"]`);
    if (!newer || newer.innerHTML === shown.get(piece)) continue;
    shown.set(piece, newer.innerHTML);
    piece.replaceChildren(...newer.childNodes);
  }
  if (!trace) return;
  for (const item of document.querySelectorAll("[data-fresh=events] [data-key]")) {
    const { key, atMs, kind, mark, text, plates } = item.dataset;
    trace.weights.events.set(key, { key, at_ms: Number(atMs), kind, mark, text, plates: plates.split(" ") });
  }
  trace.slide();
}
