/* Before the first paint: the chosen colors, and a class that says that scripts run. */
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const served = location.protocol !== "file:";
  if (!served) root.classList.add("folder"); // no cache there: the fonts are loaded another way
  let mode = null;
  try {
    // "mode" is the theme's own name for it, from before the book had its own.
    mode = localStorage.getItem("bond-mode") || localStorage.getItem("mode");
  } catch {
    // A reader may have closed the storage: the system's choice holds.
  }
  if (mode !== "light" && mode !== "dark") mode = "auto";
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.mode = mode;
  root.dataset.theme = mode === "auto" ? system : mode;
  if (!served) return; // a browser refuses to preload a font from a folder
  for (const name of document.currentScript.dataset.fonts.split(" ")) {
    const link = document.createElement("link");
    link.rel = "preload";
    link.as = "font";
    link.type = "font/woff2";
    link.crossOrigin = "";
    link.href = new URL(`fonts/${name}.woff2`, document.currentScript.src);
    document.head.append(link);
  }
})();
