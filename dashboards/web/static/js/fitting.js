// The wizard: says when a look or a form did not get through, and takes that back with the first that does.
const failed = document.querySelector("[data-fit-failed]");
const OURS = "#fit form[hx-post]";

function tell(event) {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (event.target.matches?.(OURS) && (status === 0 || status >= 500)) failed.hidden = false;
}
document.addEventListener("htmx:error", tell);
document.addEventListener("htmx:response:error", tell);
document.addEventListener("htmx:after:request", (event) => {
  const status = event.detail.ctx?.response?.status ?? 0;
  if (event.target.matches?.(OURS) && status > 0 && status < 500) failed.hidden = true;
});
