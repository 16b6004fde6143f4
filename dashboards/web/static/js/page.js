// What every page does: menus close when one clicks elsewhere, an error page tries again, live parts come alive.
import "./live.js";
import "./times.js";

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

const tryAgainS = Number(document.body.dataset.tryAgainS || 0);
if (tryAgainS) setTimeout(() => location.reload(), tryAgainS * 1000);
