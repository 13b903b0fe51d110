// What the pages do beyond HTML and htmx. All of it works without, only less comfortably.
"use strict";
(() => {
  const unreachable = (is) => { document.getElementById("unreachable").hidden = !is; };

  // "/" goes to the search box, unless somebody is writing.
  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("q");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !box) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // A link that was followed may be gone from the new page: the keyboard goes on at the result.
  let hadFocus = false;
  document.addEventListener("htmx:beforeSwap", () => { hadFocus = document.activeElement !== document.body; });
  document.addEventListener("htmx:afterSettle", () => {
    const results = document.getElementById("results");
    if (hadFocus && document.activeElement === document.body && results) results.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:sendError", () => unreachable(true));
  document.addEventListener("htmx:responseError", () => unreachable(true));
  document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.successful !== false) unreachable(false); });
})();
