// The availability pages: what changed is fetched anew, and the command beside an answer can be copied.
const COPIED_MS = 2_000;

// [data-refetch-on="stock:SKU"] is fetched anew by htmx on `live:stock:SKU`. A SKU may hold signs that mean something in
// hx-trigger, so the event is passed on under a name of our own.
for (const element of document.querySelectorAll("[data-refetch-on]")) {
  document.body.addEventListener(`live:${element.dataset.refetchOn}`, () => window.htmx?.trigger(element, "refetch"));
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  button.dataset.word ??= button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = button.dataset.copied;
  } catch {
    getSelection().selectAllChildren(source); // no clipboard without https: it is selected, ready to be copied
    button.textContent = button.dataset.copyFailed;
  }
  setTimeout(() => (button.textContent = button.dataset.word), COPIED_MS);
});
