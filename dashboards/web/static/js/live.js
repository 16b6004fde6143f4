// Live updates. body[data-live] names the stream, body[data-live-after] how far the page is. A frame brings inner HTML for
// [data-part], items for [data-now], the banner [data-down]; lists that fetch themselves hear `live:<topic>`, plots hear
// `live:weights` (detail: [[plate, shop ms, grams], …], or null: too much was missed, fetch anew). [data-connection] says
// in words whether the page is live: its data-state is connecting, live, reconnecting or lost.
import { setClock } from "./times.js";

const NOW_MAX = 30;
const CHANGED_MS = 1600;
const QUIET_MS = 40_000; // the server is heard every 15 s; after this long the connection is dead, whatever it says
const HIDDEN_MS = 10_000; // a browser has six connections to a server: pages nobody looks at must not hold them
const LOST_MS = 15_000;
const WAIT_MIN_MS = 500;
const WAIT_MAX_MS = 10_000;
const RELOAD_APART_MS = 30_000;
const RELOAD_SPREAD_MS = 2_000;
const TYPED = "input, select, textarea";
const FOCUSABLE = "a[href], button, summary, [tabindex], " + TYPED;

const body = document.body;
let lastId = body.dataset.liveAfter ?? "";
let source = null;
let waitMs = WAIT_MIN_MS;
let heardMs = 0;
let againTimer, lostTimer, hiddenTimer;

// --- the connection -------------------------------------------------------------------------------------------------

function tellState(state) {
  for (const element of document.querySelectorAll("[data-connection]")) {
    if (element.dataset.state !== state) element.dataset.state = state;
  }
}

function open() {
  close();
  const address = new URL(body.dataset.live, location.href);
  address.searchParams.set("after", lastId);
  heardMs = performance.now();
  source = new EventSource(address);
  source.onerror = () => lose(source?.readyState === EventSource.CLOSED);
  source.addEventListener("beat", () => (heardMs = performance.now()));
  source.addEventListener("reload", reload);
  source.addEventListener("frame", (event) => {
    arrive(); // not before: a connection that tells nothing is none
    if (event.lastEventId) lastId = event.lastEventId;
    apply(JSON.parse(event.data));
  });
}

function arrive() {
  heardMs = performance.now();
  clearTimeout(lostTimer);
  lostTimer = undefined;
  waitMs = WAIT_MIN_MS;
  tellState("live");
}

function close() {
  clearTimeout(againTimer);
  source?.close();
  source = null;
}

async function lose(refused) {
  close();
  if (!lostTimer) tellState("reconnecting");
  lostTimer ??= setTimeout(() => tellState("lost"), LOST_MS);
  if (refused && (await loggedOut())) return;
  againTimer = setTimeout(open, waitMs * (0.5 + Math.random() / 2));
  waitMs = Math.min(WAIT_MAX_MS, waitMs * 2);
}

// EventSource does not say why it was refused.
async function loggedOut() {
  const address = new URL(body.dataset.live, location.href);
  address.searchParams.set("probe", "1");
  const answer = await fetch(address, { redirect: "manual", cache: "no-store" }).catch(() => null);
  const out = answer !== null && (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403);
  if (out) location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search));
  return out;
}

// Nothing on the page holds, for the database is another one, or too much has changed. Once, and not under somebody's
// fingers.
function reload() {
  const last = Number(sessionStorage.getItem("live-reloaded") ?? 0);
  if (Date.now() - last < RELOAD_APART_MS) return;
  if (document.activeElement?.matches(TYPED)) {
    document.activeElement.addEventListener("blur", reload, { once: true });
    return;
  }
  sessionStorage.setItem("live-reloaded", String(Date.now()));
  setTimeout(() => location.reload(), Math.random() * RELOAD_SPREAD_MS); // not all pages of a shop in the same instant
}

// --- a frame --------------------------------------------------------------------------------------------------------

function apply(frame) {
  if (frame.clock) setClock(frame.clock);
  for (const [key, html] of Object.entries(frame.parts ?? {})) {
    for (const element of document.querySelectorAll(`[data-part="${CSS.escape(key)}"]`)) put(element, html);
  }
  for (const list of document.querySelectorAll("[data-now]")) prepend(list, frame.now ?? []);
  if (frame.down !== undefined) {
    for (const element of document.querySelectorAll("[data-down]")) put(element, frame.down, false);
  }
  for (const topic of frame.touched ?? []) say(`live:${topic}`, null);
  if (frame.weights) say("live:weights", frame.weights);
}

function say(name, detail) {
  body.dispatchEvent(new CustomEvent(name, { detail, bubbles: true }));
}

const typing = new WeakMap();

function put(element, html, mark = true) {
  const active = element.contains(document.activeElement) ? document.activeElement : null;
  if (active?.matches(TYPED)) {
    // What is being typed stays; the part catches up when the field is left.
    if (!typing.has(element)) active.addEventListener("blur", () => putTyped(element, mark), { once: true });
    typing.set(element, html);
    return;
  }
  const fresh = element.cloneNode(false);
  fresh.innerHTML = html;
  if (looks(fresh) === looks(element)) return;
  const at = [...element.querySelectorAll(FOCUSABLE)].indexOf(active);
  element.replaceChildren(...fresh.childNodes);
  if (at >= 0) (element.querySelectorAll(FOCUSABLE)[at] ?? element).focus({ preventScroll: true });
  window.htmx?.process(element);
  if (mark) flash(element);
}

function putTyped(element, mark) {
  const html = typing.get(element);
  typing.delete(element);
  setTimeout(() => put(element, html, mark)); // the focus is where it goes to by then
}

// The inner HTML without what times.js writes into it.
function looks(element) {
  const copy = element.cloneNode(true);
  for (const time of copy.querySelectorAll("time")) time.replaceWith(time.dateTime);
  return copy.innerHTML;
}

function prepend(list, items) {
  for (const html of items) {
    const template = document.createElement("template");
    template.innerHTML = html.trim();
    const item = template.content.firstElementChild;
    if (!item || list.querySelector(`[data-key="${CSS.escape(item.dataset.key)}"]`)) continue;
    list.querySelector(":scope > [data-empty]")?.remove();
    list.prepend(item);
    flash(item);
  }
  while (list.children.length > NOW_MAX) list.lastElementChild.remove();
}

const flashing = new WeakMap();

function flash(element) {
  clearTimeout(flashing.get(element));
  element.classList.remove("changed");
  element.getBoundingClientRect(); // begins the animation anew
  element.classList.add("changed");
  flashing.set(element, setTimeout(() => element.classList.remove("changed"), CHANGED_MS));
}

// --- coming and going -----------------------------------------------------------------------------------------------

if (body.dataset.live) {
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
  addEventListener("online", open);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) hiddenTimer = setTimeout(close, HIDDEN_MS);
    else if (source === null) open();
  });
  setInterval(() => source && performance.now() - heardMs > QUIET_MS && lose(false), 5000);
  open();
}
