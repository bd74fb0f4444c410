/* Whatever scrolls sideways can be reached and moved by keyboard, and has a name. */
(() => {
  const kinds = [
    [".table-scroll, .pst-scrollable-table-container", "region", "Table"],
    ["main div.math", "group", "Equation"],
    ["main .highlight pre", "group", "Code or output"],
  ];
  const update = () => {
    for (const [selector, role, name] of kinds) {
      document.querySelectorAll(selector).forEach((element, index) => {
        if (element.scrollWidth > element.clientWidth + 1) {
          element.tabIndex = 0;
          element.setAttribute("role", role);
          element.setAttribute("aria-label", `${name} ${index + 1}, scrolls sideways`);
        } else {
          for (const attribute of ["tabindex", "role", "aria-label"])
            element.removeAttribute(attribute);
        }
      });
    }
  };
  addEventListener("DOMContentLoaded", () => {
    new ResizeObserver(update).observe(document.body);
    document.addEventListener("toggle", update, true); // an unfolded block
    document.addEventListener("click", () => setTimeout(update));
    document.fonts.ready.then(update);
  });
})();

/* Opened from a folder, a page may not read other pages: search then lists titles alone. */
if (location.protocol === "file:" && typeof DOCUMENTATION_OPTIONS === "object")
  DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
