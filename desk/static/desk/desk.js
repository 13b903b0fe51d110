// Conveniences beyond HTML and htmx; the pages work without them.
"use strict";
(() => {
  const showUnreachable = (shown) => { document.getElementById("unreachable").hidden = !shown; };

  // "/" moves the focus to the search box, unless the user is typing in another field.
  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("q");
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !box) return;
    if (event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    box.focus();
    box.select();
  });

  // The link that was followed may not be on the new page: then move the focus to the results.
  let hadFocus = false;
  document.addEventListener("htmx:beforeSwap", () => { hadFocus = document.activeElement !== document.body; });
  document.addEventListener("htmx:afterSettle", () => {
    const results = document.getElementById("results");
    if (hadFocus && document.activeElement === document.body && results) results.focus({ preventScroll: true });
  });

  document.addEventListener("htmx:sendError", () => showUnreachable(true));
  document.addEventListener("htmx:responseError", () => showUnreachable(true));
  document.addEventListener("htmx:afterOnLoad", (event) => { if (event.detail.successful !== false) showUnreachable(false); });
})();
