// Cards with forms. Without this file every button is a plain form; with it steps are counted on the spot, a field somebody
// has typed in is left alone when its list is fetched anew, and what did not get through is said.

const NOTICE_MS = 15_000;
const SKIP = "hx-morph-skip"; // htmx: a morph passes this element by

const notice = document.querySelector("[data-notice]");
const failed = document.querySelector("[data-failed]");

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-stepper] button");
  if (!button) return;
  event.preventDefault();
  const field = button.parentElement.querySelector("input");
  const units = /^\d+$/.test(field.value.trim()) ? Number(field.value) : Number(field.defaultValue) || 0;
  field.value = Math.min(1_000_000, Math.max(1, units + Number(button.value)));
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

document.addEventListener("input", (event) => {
  event.target.closest("form[data-keep-typed]")?.setAttribute(SKIP, "");
});

// The answer to the form itself is shown in it.
document.addEventListener("htmx:before:swap", (event) => {
  if (event.target.matches?.("form[data-keep-typed]")) event.target.removeAttribute(SKIP);
});

// Only what somebody sent is worth a word: a list that could not be fetched is fetched again.
function fail(event) {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (event.target.matches?.("form[hx-post]") && (status === 0 || status >= 500)) failed.hidden = false;
}
document.addEventListener("htmx:error", fail);
document.addEventListener("htmx:response:error", fail);
document.addEventListener("htmx:before:request", (event) => {
  if (event.target.matches?.("form[hx-post]")) failed.hidden = true;
});

let forgetting;
new MutationObserver(() => {
  clearTimeout(forgetting);
  if (notice.childElementCount) forgetting = setTimeout(() => notice.replaceChildren(), NOTICE_MS);
}).observe(notice, { childList: true });
