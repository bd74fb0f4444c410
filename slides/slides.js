/* A deck: reveal.js on a wide screen, one slide below the other on a narrow one and on paper.

   s shows the speaker notes below the slide; w opens a second window with the notes, and the two
   windows turn their pages together. The page's policy allows no script but the site's own, so
   reveal's own speaker window, which writes a script into a blank page, cannot be used. */
(() => {
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  const speaker = asked.has("speaker");
  const paper = asked.has("print-pdf");
  const NARROW = 700; // px: below this the slides would be too small to read

  // Paper is light, whatever the screen is.
  let kept;
  addEventListener("beforeprint", () => { kept = root.dataset.theme; root.dataset.theme = "light"; });
  addEventListener("afterprint", () => { if (kept) root.dataset.theme = kept; });

  if (innerWidth < NARROW && !speaker && !paper) return;
  root.classList.add("deck");
  if (paper) {
    root.classList.add("paper");
    return;
  }
  document.getElementById("reveal-style").media = "screen";

  const element = (name, facts = {}, ...content) => {
    const made = Object.assign(document.createElement(name), facts);
    made.append(...content);
    return made;
  };
  const main = document.querySelector(".reveal");
  const slides = [...main.querySelectorAll("section")];
  let other = speaker ? opener : null; // the other window, where there is one

  const heading = element("h2", { textContent: "Speaker notes", id: "notes-heading" });
  const text = element("div", { className: "notes-text" });
  const panel = element("section", { id: "speaker-notes", hidden: true, tabIndex: 0 }, heading, text);
  panel.setAttribute("aria-labelledby", "notes-heading");

  const button = (words, title, act) =>
    element("button", { type: "button", textContent: words, title, onclick: act });
  const notesButton = button("Notes", "Speaker notes (s)", () => toggle());
  notesButton.setAttribute("aria-expanded", "false");
  notesButton.setAttribute("aria-controls", "speaker-notes");
  const bar = element(
    "nav",
    { className: "deck-bar" },
    button("Back", "Previous slide (left arrow)", () => Reveal.prev()),
    button("Next", "Next slide (right arrow)", () => Reveal.next()),
    notesButton,
  );
  bar.setAttribute("aria-label", "Slides");
  if (!speaker) bar.append(button("Window", "Notes in a second window (w)", () => openWindow()));
  document.body.append(panel, bar);

  // The bar shows while the mouse moves; the keyboard reaches it at any time.
  let rest;
  addEventListener("mousemove", () => {
    root.classList.add("moved");
    clearTimeout(rest);
    rest = setTimeout(() => root.classList.remove("moved"), 2000);
  });

  const toggle = (on = panel.hidden) => {
    panel.hidden = !on;
    root.classList.toggle("with-notes", on);
    notesButton.setAttribute("aria-expanded", String(on));
    Reveal.layout();
  };
  const openWindow = () => {
    const address = new URL(location.href);
    address.search = "?speaker";
    address.hash = `/slide-${at() + 1}`;
    other = window.open(address, "bond-speaker", "width=1100,height=850");
  };
  const show = () => {
    const notes = Reveal.getCurrentSlide().querySelector(".notes").cloneNode(true);
    notes.querySelector("summary").remove();
    text.replaceChildren(...notes.childNodes);
    panel.scrollTop = 0;
  };
  const at = () => slides.indexOf(Reveal.getCurrentSlide());

  // Only the other window of the two is listened to, and only to the number of a slide.
  addEventListener("message", (event) => {
    if (!other || event.source !== other) return;
    const number = event.data?.bondSlide;
    if (Number.isInteger(number) && number !== at() && slides[number]) Reveal.slide(number);
  });
  const tell = () => {
    if (other && !other.closed) other.postMessage({ bondSlide: at() }, "*");
  };

  Reveal.initialize({
    width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 4,
    center: false, hash: true, controls: false, progress: true, transition: "none",
    backgroundTransition: "none", postMessage: false, scrollActivationWidth: null,
  }).then(() => {
    Reveal.addKeyBinding({ keyCode: 83, key: "S", description: "Speaker notes" }, () => toggle());
    if (!speaker) {
      Reveal.addKeyBinding({ keyCode: 87, key: "W", description: "Notes in a second window" }, openWindow);
    }
    show();
    Reveal.on("slidechanged", () => { show(); tell(); });
    if (speaker) {
      root.classList.add("speaker");
      toggle(true);
      document.title = `Notes: ${document.title}`;
    }
    // Reveal calls itself an application, in which a screen reader would read no text.
    main.removeAttribute("role");
    root.dataset.ready = "yes";
  });
})();
