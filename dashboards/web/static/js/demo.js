// The buttons of the demo: when one has answered, the panel makes room, so that one sees what happens; the answer stays
// beside the button until it is clicked away, or for a while.
const ANSWER_MS = 20_000;

const details = document.querySelector(".demo-details");
const said = document.getElementById("demo-said");
let timer;

function clear() {
  clearTimeout(timer);
  said.replaceChildren();
}

new MutationObserver(() => {
  clearTimeout(timer);
  if (!said.firstElementChild) return;
  details.open = false;
  timer = setTimeout(clear, ANSWER_MS);
}).observe(said, { childList: true });

// What did not reach the shop, or was answered by an error page, is said too.
function fail(event) {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (details.contains(event.target) && (status === 0 || status >= 400)) {
    said.replaceChildren(document.getElementById("demo-failed").content.cloneNode(true));
  }
}
document.addEventListener("htmx:error", fail);
document.addEventListener("htmx:response:error", fail);

said.addEventListener("click", clear);
details.addEventListener("toggle", () => details.open && clear());
addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !details.open) return;
  details.open = false;
  details.querySelector("summary").focus();
});
