// The links that run a page. Without this script they all work; with it, a page opened from
// a folder shows none that cannot, and the page about the browser puts the asked chapter first.
const showRunLinks = () => {
  const fromFolder = location.protocol === "file:";
  if (fromFolder) {
    for (const element of document.querySelectorAll(".needs-server")) element.hidden = true;
  }
  const box = document.getElementById("run-browser");
  if (!box) return;
  const part = (name) => box.querySelector(name);
  if (fromFolder) {
    part(".run-folder").hidden = false;
    part(".run-fetched").hidden = true;
    return;
  }
  const wanted = new URLSearchParams(location.search).get("page");
  const link = [...box.querySelectorAll("[data-page]")].find((one) => one.dataset.page === wanted);
  if (!link) return;
  const start = link.cloneNode(true);
  start.className = "run-start";
  start.textContent = `Fetch Python and open “${link.textContent}”`;
  const chosen = part(".run-chosen");
  chosen.append(start);
  chosen.hidden = false;
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", showRunLinks);
else showRunLinks();
