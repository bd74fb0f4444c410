/* Finding one's place: what was read, where one stopped, keys, and the opening of the search.

   All that is kept stays in this browser: `bond-read` (what was read, and where one stopped)
   and `bond-keys` ("off" when the shortcuts of one key are switched off). Without scripts, or
   where a browser keeps nothing, a page shows none of this and works. */
(() => {
  "use strict";
  const root = new URL("../", document.currentScript.src);
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const element = (tag, className, ...content) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };
  const store = {
    get(key) { try { return localStorage.getItem(key); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, value); } catch { /* kept nowhere, then */ } },
    remove(key) { try { localStorage.removeItem(key); } catch { /* nothing was kept */ } },
  };
  /** The name of a page, such as book/05-many-trials. */
  const pageOf = (address) => {
    const { pathname } = new URL(address, location.href);
    if (!pathname.startsWith(root.pathname)) return "";
    return pathname.slice(root.pathname.length).replace(/\.html$/, "") || "index";
  };
  const here = pageOf(location.href);
  const plainTitle = (heading) => {
    const copy = heading.cloneNode(true);
    all(".headerlink", copy).forEach((link) => link.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };

  /* What was read: { pages: { name: [ids] }, done: { name: true }, at: { page, id, title } } */
  const READ = "bond-read";
  const memory = () => {
    try {
      const kept = JSON.parse(store.get(READ)) || {};
      const isMap = (thing) => thing && typeof thing === "object" && !Array.isArray(thing);
      return {
        pages: isMap(kept.pages) ? kept.pages : {},
        done: isMap(kept.done) ? kept.done : {},
        at: isMap(kept.at) && typeof kept.at.page === "string" && typeof kept.at.title === "string"
          ? kept.at : null,
      };
    } catch {
      return { pages: {}, done: {}, at: null };
    }
  };
  const change = (edit) => {
    const kept = memory(); // anew each time: another tab may have written
    edit(kept);
    store.set(READ, JSON.stringify(kept));
  };
  const listOf = (kept, page) => (Array.isArray(kept.pages[page]) ? kept.pages[page] : []);

  /* A chapter is read when its sections are, up to the exercises. */
  const AFTER = new Set(["key-terms", "exercises", "self-check"]);
  let sections = [], counted = [];
  const findSections = () => {
    if (!one(".chapter-opening")) return;
    sections = all("main article > section > section[id]");
    counted = sections.filter((section) => !AFTER.has(section.id));
  };
  const LOOKED = 1000; // milliseconds that the end of a section is seen

  const mark = (link, state, words) => {
    const old = one(".read-mark", link);
    if (old && old.dataset.state === state && old.textContent === `, ${words}`) return;
    if (old) old.remove();
    if (!state) return;
    const made = element("span", "read-mark", element("span", "read-words", `, ${words}`));
    made.dataset.state = state;
    link.append(made);
  };
  const showMarks = () => {
    const kept = memory();
    for (const link of all(".bd-docs-nav a.reference, .chapter-list a.reference")) {
      const page = pageOf(link.href);
      if (kept.done[page]) mark(link, "done", "read");
      else if (listOf(kept, page).length) mark(link, "part", "begun");
      else mark(link, "");
    }
    const mine = listOf(kept, here);
    for (const link of all("#pst-page-toc-nav a")) {
      const id = decodeURIComponent(link.hash.slice(1));
      mark(link, mine.includes(id) ? "done" : "", "read");
    }
    showForget(kept);
    showStart(kept);
  };
  const setRead = (section) => {
    change((kept) => {
      const list = listOf(kept, here);
      if (!list.includes(section.id)) list.push(section.id);
      kept.pages[here] = list;
      if (counted.every(({ id }) => list.includes(id))) kept.done[here] = true;
    });
    showMarks();
  };
  const watch = () => {
    const timers = new Map(); // of the ends that are in view
    const look = (target) => {
      clearTimeout(timers.get(target));
      timers.set(target, setTimeout(() => {
        if (document.visibilityState !== "visible") return; // looked at anew when the page is
        timers.delete(target);
        const { top, bottom } = target.getBoundingClientRect();
        if (bottom < 0 || top > innerHeight) return; // gone; the observer will say so late
        observer.unobserve(target);
        setRead(target.parentElement);
      }, LOOKED));
    };
    const observer = new IntersectionObserver((seen) => {
      for (const { target, isIntersecting } of seen) {
        if (isIntersecting) look(target);
        else {
          clearTimeout(timers.get(target));
          timers.delete(target);
        }
      }
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") [...timers.keys()].forEach(look);
    });
    for (const section of sections) {
      const end = element("span", "section-end");
      end.setAttribute("aria-hidden", "true");
      section.append(end);
      observer.observe(end);
    }
    let shown = "";
    const keepPlace = () => {
      const passed = sections.filter((section) => section.getBoundingClientRect().top < innerHeight / 2);
      const section = passed[passed.length - 1];
      const id = section ? section.id : "";
      if (id === shown) return;
      shown = id;
      const title = plainTitle(section ? one("h2", section) : one("h1"));
      change((kept) => { kept.at = { page: here, id, title }; });
    };
    let waiting = 0;
    addEventListener("scroll", () => {
      clearTimeout(waiting);
      waiting = setTimeout(keepPlace, 400);
    }, { passive: true });
    addEventListener("pagehide", keepPlace);
    setTimeout(keepPlace, LOOKED);
  };

  /* Where one stopped, on the landing page */
  let first = null;
  const showStart = ({ at, done }) => {
    const line = one(".start-reading");
    if (!line) return;
    first ??= [...line.childNodes];
    if (!at) return line.replaceChildren(...first);
    const link = element("a", "", at.title);
    link.href = new URL(`./${at.page}.html`, root).href + (at.id ? `#${encodeURIComponent(at.id)}` : "");
    line.replaceChildren("Continue where you stopped: ", link);
    const chapters = [...new Set(all(".chapter-list a.reference").map((a) => a.href.split("#")[0]))];
    const next = chapters[chapters.findIndex((href) => pageOf(href) === at.page) + 1];
    if (done[at.page] && next) {
      const other = all(".chapter-list a.reference").find((a) => a.href.split("#")[0] === next);
      const title = other.cloneNode(true);
      all(".read-mark", title).forEach((part) => part.remove());
      const onward = element("a", "", title.textContent.trim());
      onward.href = next;
      line.append("; next comes ", onward);
    }
  };

  /* Forgetting it, where a page has the place for it */
  const showForget = (kept) => {
    const box = one(".reading-kept");
    if (!box) return;
    if (!one("button", box)) {
      const button = element("button", "forget-reading", "Forget what I have read");
      button.type = "button";
      const status = element("p", "reading-status");
      status.setAttribute("role", "status");
      button.addEventListener("click", () => {
        store.remove(READ);
        showMarks();
      });
      box.append(status, button);
    }
    const begun = Object.keys(kept.pages).length, done = Object.keys(kept.done).length;
    const chapters = (count) => `${count} ${count === 1 ? "chapter" : "chapters"}`;
    one(".reading-status", box).textContent = begun
      ? `In this browser: ${chapters(begun)} begun, ${done} read to the end.`
      : "In this browser nothing is kept about what you have read.";
    // Not disabled: a button that loses its focus when pressed leaves a keyboard nowhere.
    one("button", box).setAttribute("aria-disabled", String(!begun && !kept.at));
  };

  /* Words marked on arrival from the search */
  const marks = () => {
    const url = new URL(location.href), words = url.searchParams.getAll("mark").filter(Boolean).slice(0, 6);
    if (!words.length || !window.Highlight || !CSS.highlights) return;
    const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("'", "['’]"));
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}_.])(?:${escaped.join("|")})(?![\\p{L}\\p{N}_])`, "giu");
    const article = one("main article");
    if (!article) return;
    const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT, (node) => (
      node.parentElement.closest("script, style, .katex, .headerlink") ? NodeFilter.FILTER_REJECT
        : NodeFilter.FILTER_ACCEPT));
    const ranges = [];
    while (walker.nextNode()) {
      for (const found of walker.currentNode.data.matchAll(pattern)) {
        const range = new Range();
        range.setStart(walker.currentNode, found.index);
        range.setEnd(walker.currentNode, found.index + found[0].length);
        ranges.push(range);
      }
    }
    if (!ranges.length) return;
    CSS.highlights.set("bond-mark", new Highlight(...ranges));
    const places = `${ranges.length} ${ranges.length === 1 ? "place" : "places"} marked`;
    const button = element("button", "", "Clear the marks");
    button.type = "button";
    const bar = element("div", "mark-bar", element("span", "", places), button);
    bar.setAttribute("role", "region");
    bar.setAttribute("aria-label", "Words you searched for");
    const clear = () => {
      CSS.highlights.delete("bond-mark");
      bar.remove();
      removeEventListener("keydown", escape);
      url.searchParams.delete("mark");
      try { history.replaceState(null, "", url.href); } catch { /* in a folder the address stays */ }
    };
    const escape = (event) => { if (event.key === "Escape" && !event.defaultPrevented && !one("dialog[open]")) clear(); };
    button.addEventListener("click", clear);
    addEventListener("keydown", escape);
    document.body.append(bar);
    /* The first mark in the section that was chosen may lie far below its heading. */
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const inside = target && ranges.find((range) => {
      const holder = target.matches("dt") ? target.parentElement : target;
      return holder.contains(range.startContainer)
        && !range.startContainer.parentElement.closest("h1, h2, h3, h4, dt");
    });
    if (!inside) return;
    const toMark = () => {
      for (let at = inside.startContainer.parentElement; at; at = at.parentElement)
        if (at.tagName === "DETAILS") at.open = true;
      const { top, bottom } = inside.getBoundingClientRect();
      if (bottom > innerHeight - 60 || top < 0)
        scrollBy({ top: top - innerHeight / 3, behavior: "instant" });
    };
    if (document.readyState === "complete") setTimeout(toMark);
    else addEventListener("load", () => setTimeout(toMark));
  };

  /* Dialogs: closed by Escape, their button or a click beside them (book.js); focus goes back. */
  const open = (dialog, focus) => {
    if (dialog.open) return;
    const before = document.activeElement;
    dialog.showModal();
    if (focus) focus.focus();
    dialog.addEventListener("close", () => {
      if (before && before.isConnected && before !== document.body) before.focus({ preventScroll: true });
    }, { once: true });
  };

  /* The search: its scripts and its index are fetched when it is opened. */
  let prepared = false, search = null;
  const loadSearch = () => new Promise((done, failed) => {
    if (window.bondFind) return done();
    const tag = element("script");
    tag.src = new URL("_static/search.js", root).href;
    tag.onload = done;
    tag.onerror = () => failed(new Error("search.js could not be loaded"));
    document.head.append(tag);
  }).then(() => window.bondFind.ready);
  const openSearch = () => {
    const own = one("#search-words");
    if (own) { // on the search page, its own field
      own.focus();
      own.select();
      return;
    }
    const dialog = one("#pst-search-dialog");
    const input = one("input", dialog);
    if (!prepared) {
      prepared = true;
      dialog.setAttribute("aria-label", "Search");
      // Until the index is here, Enter goes to the search page, which waits for it.
      one("form", dialog).addEventListener("submit", (event) => {
        event.preventDefault();
        if (window.bondFind && dialog.dataset.ready) return;
        const url = new URL("search.html", root);
        url.searchParams.set("q", input.value.trim());
        location.href = url.href;
      });
      input.addEventListener("keydown", (event) => {
        if (event.key !== "Escape" || event.isComposing) return;
        event.preventDefault(); // a browser would empty the field first
        dialog.close();
      });
    }
    search ??= loadSearch().then(
      () => { dialog.dataset.ready = "yes"; window.bondFind.attach(dialog); },
      () => { search = null; }); // the next opening tries again
    open(dialog, input);
    input.select();
  };

  /* Keys */
  const KEYS = "bond-keys";
  const enabled = () => store.get(KEYS) !== "off";
  const visible = (button) => button && button.checkVisibility && button.checkVisibility();
  const go = (relation) => {
    const link = one(`link[rel="${relation}"]`);
    if (link) location.href = link.href;
  };
  const contents = () => {
    const side = one("#pst-primary-sidebar");
    const toggle = one(".primary-toggle");
    if (!(visible(side) && side.getBoundingClientRect().right > 0) && visible(toggle)) toggle.click();
    setTimeout(() => {
      const nav = all(".bd-docs-nav").find(visible);
      const link = nav && (one("a.current", nav) || one("a", nav));
      if (link) link.focus();
    });
  };
  const ACTIONS = {
    "/": openSearch,
    n: () => go("next"),
    p: () => go("prev"),
    c: contents,
    t: () => { const button = all(".theme-switch-button").find(visible); if (button) button.click(); },
    "?": () => openKeys(),
    "g h": () => { location.href = new URL("index.html", root).href; },
  };
  const LISTED = [
    [["/"], "search"],
    [["n"], "next page"],
    [["p"], "previous page"],
    [["c"], "to the contents"],
    [["g", "h"], "to the start page: first g, then h"],
    [["t"], "light, dark or automatic"],
    [["?"], "this list"],
  ];
  const busy = (target) => {
    if (one("dialog[open]")) return true;
    if (!(target instanceof Element)) return false;
    if (target.closest("input:not([type=checkbox], [type=radio], [type=button]), select, textarea, [contenteditable]"))
      return true;
    return Boolean(target.closest(
      "[role=slider], [role=listbox], [role=combobox], [role=textbox], [role=menu], [role=application]"));
  };
  let lead = "", leadTimer = 0;
  const key = (event) => {
    const isK = (event.ctrlKey !== event.metaKey) && !event.altKey && !event.shiftKey
      && event.key.toLowerCase() === "k";
    if (isK) {
      event.preventDefault();
      const dialog = one("#pst-search-dialog");
      if (dialog && dialog.open) dialog.close();
      else if (!one("dialog[open]")) openSearch();
      return;
    }
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.isComposing || !enabled() || busy(event.target)) return;
    const pressed = lead ? `${lead} ${event.key}` : event.key;
    lead = "";
    clearTimeout(leadTimer);
    if (ACTIONS[pressed]) {
      event.preventDefault();
      ACTIONS[pressed]();
    } else if (event.key === "g") {
      lead = "g";
      leadTimer = setTimeout(() => { lead = ""; }, 1000);
    }
  };

  let keysDialog = null;
  const openKeys = () => {
    if (!keysDialog) {
      const head = element("h2", "", "Keyboard shortcuts");
      head.id = "keys-title";
      const rows = LISTED.map(([keys, words]) => {
        const cell = element("th");
        cell.scope = "row";
        keys.forEach((name, i) => cell.append(...(i ? [" "] : []), element("kbd", "", name)));
        return element("tr", "", cell, element("td", "", words));
      });
      const always = element("tr", "", element("th", "", element("kbd", "", "Ctrl"), " + ", element("kbd", "", "K")),
        element("td", "", "search; on a Mac with the command key; always on"));
      one("th", always).scope = "row";
      const escape = element("tr", "", element("th", "", element("kbd", "", "Esc")),
        element("td", "", "closes a dialog, clears marked words; always on"));
      one("th", escape).scope = "row";
      const box = element("input");
      box.type = "checkbox";
      box.checked = enabled();
      box.addEventListener("change", () => {
        if (box.checked) store.remove(KEYS);
        else store.set(KEYS, "off");
      });
      const close = element("button", "", "Close");
      close.type = "button";
      close.addEventListener("click", () => keysDialog.close());
      keysDialog = element("dialog", "keys-dialog", head,
        element("table", "", element("tbody", "", ...rows, always, escape)),
        element("label", "", box, " Single-key shortcuts are on"), close);
      keysDialog.setAttribute("aria-labelledby", head.id);
      document.body.append(keysDialog);
    }
    one("input", keysDialog).checked = enabled();
    open(keysDialog, one("button", keysDialog));
  };

  addEventListener("keydown", key, true);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest(".search-button__button")) {
      event.preventDefault();
      openSearch();
    } else if (event.target.closest(".keys-button")) openKeys();
  });

  const start = () => {
    findSections();
    showMarks();
    if (sections.length && window.IntersectionObserver) watch();
    marks();
    addEventListener("storage", (event) => { if (event.key === READ || event.key === null) showMarks(); });
    addEventListener("pageshow", (event) => { if (event.persisted) showMarks(); });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
