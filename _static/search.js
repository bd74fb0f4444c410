/* The search: MiniSearch over the index that the build writes.

   bondFind.find(words) gives pages with the sections found on them, best first.
   bondFind.attach(dialog) makes the dialog's field a combobox over the results.
   On the search page the same results fill the page.

   The same text may be written in many ways. Words are compared in small letters, without
   accents, endings of the plural and apostrophes; Greek letters by their names; numbers
   without their sign and with a leading zero. So "r = -.45" finds "r = −0.45". */
(() => {
  "use strict";
  const root = new URL("../", document.currentScript.src);
  const GREEK = Object.fromEntries(
    ("α alpha β beta γ gamma δ delta ε epsilon ϵ epsilon ζ zeta η eta θ theta κ kappa λ lambda μ mu µ mu "
      + "ν nu ξ xi π pi ρ rho σ sigma ς sigma τ tau φ phi ϕ phi χ chi ψ psi ω omega")
      .split(" ").reduce((pairs, item, i, all) => (i % 2 ? pairs : [...pairs, [item, all[i + 1]]]), []));
  const WORD = /[\p{L}_][\p{L}\p{M}\p{N}_]*(?:['’]\p{L}+)*(?:\^\d)?|\d+(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+/gu;
  const COMMON = new Set(
    ("a an and are as at be by do does for from has have how i in into is it its of on or "
      + "that the their this to was we were what when where which who why will with").split(" "));
  /* How much a hit counts, by what was found and where. */
  const WEIGHT = { section: 1, term: 2.2, name: 1, exercise: 0.8, solution: 0.5 };
  const LISTS = { "Key terms": 0.3, Exercises: 0.6 }; // sections that only name things
  const QUIET = {
    "book/changelog": 0.3, "book/references": 0.2, "book/data": 0.7, "book/instructors": 0.5,
    "book/courses": 0.5, "book/grading": 0.5, "book/teaching-notes": 0.5,
  };
  const SHOWN = { length: 190, before: 50 };

  /* From text to words */
  const plain = (word) => {
    let text = word.normalize("NFKD").toLowerCase().replace(/\p{M}/gu, "");
    if (/^[\d.]/.test(text)) return text.replaceAll(",", "").replace(/^\./, "0.");
    text = text.replace(/['’]s$/, "").replace(/['’^]/g, "");
    return text.replace(/[α-ωϵϕ]/g, (letter) => GREEK[letter] || letter);
  };
  const singular = (word) => {
    if (word.length < 4 || /[\d_]/.test(word) || /(ss|us|is)$/.test(word)) return word;
    return word.length > 4 && word.endsWith("ies") ? word.slice(0, -3) + "y" : word.replace(/s$/, "");
  };
  const known = new Map();
  const normal = (word) => {
    if (!known.has(word)) known.set(word, singular(plain(word)));
    return known.get(word);
  };
  const parts = (word) => word.split("_").filter((part) => part.length > 2).map(singular);
  const indexed = (word) => {
    const term = normal(word);
    if (COMMON.has(term)) return null;
    return term.includes("_") ? [term, ...parts(term)] : term;
  };
  const split = (text) => text.match(WORD) || [];
  const asked = (text) => {
    const all = split(text).map(normal);
    const rare = all.filter((term) => !COMMON.has(term));
    return { all, terms: [...new Set(rare)] };
  };
  /* A line of words to look for phrases in; here a number keeps its sign. */
  const SIGNED = new RegExp(`(?<![\\p{L}\\p{N}_)\\]])([-−–])(?=\\.?\\d)|${WORD.source}`, "gu");
  const line = (text) => {
    let words = " ", sign = "";
    for (const [found, minus] of text.matchAll(SIGNED)) {
      if (minus) sign = "-";
      else { words += sign + normal(found) + " "; sign = ""; }
    }
    return words;
  };

  /* The index */
  let engine, entries, pages;
  const load = () => {
    const source = window.bondSearchIndex;
    pages = source.pages.map(([path, number, title]) => ({ path, number, title }));
    entries = source.entries.map(([page, anchor, number, title, kind, text], id) => ({
      id, page, anchor, number, title, kind: source.kinds[kind], text,
    }));
    engine = new MiniSearch({
      fields: ["title", "text", "on"],
      tokenize: split,
      processTerm: indexed,
      extractField: (entry, name) => (name === "on" ? pages[entry.page].title : entry[name]),
    });
    return engine.addAllAsync(entries, { chunkSize: 60 }); // typing goes on meanwhile
  };
  const lines = new Map();
  const lineOf = (entry, name) => {
    const key = name + entry.id;
    if (!lines.has(key)) lines.set(key, line(entry[name]));
    return lines.get(key);
  };

  const run = (terms, combineWith) => engine.search(
    { combineWith, queries: terms },
    {
      tokenize: (term) => [term],
      processTerm: (term) => term,
      boost: { title: 5, on: 0.7, text: 1 },
      prefix: (term) => term.length > 2 && !/^\d/.test(term),
      fuzzy: (term) => (term.length > 4 && !/[\d_]/.test(term) ? 0.25 : false),
      maxFuzzy: 2,
      weights: { prefix: 0.35, fuzzy: 0.15 },
    });

  const scored = (hit, query) => {
    const entry = entries[hit.id], matched = Object.keys(hit.match);
    let score = hit.score * WEIGHT[entry.kind]
      * (QUIET[pages[entry.page].path] || 1) * (LISTS[entry.title] || 1);
    if (query.terms.every((term) => matched.includes(term))) score *= 3; // no guess was needed
    const words = query.line, title = lineOf(entry, "title");
    if (title === words) score *= entry.kind === "term" || entry.kind === "name" ? 12 : 6;
    else if (entry.kind === "term" && title.split(",").includes(words.trim())) score *= 8;
    else if (title.includes(words)) score *= 3;
    else if (entry.kind === "term" && query.terms.includes(title.trim())) score *= 3;
    if (query.all.length > 1 && lineOf(entry, "text").includes(words)) score *= 3;
    return { entry, score, matched: new Set(matched) };
  };

  /* Where hardly any section has all the words: those with some of them, further down. */
  const FEW = 5;
  const partly = ({ terms }, hits) => {
    const have = new Set(hits.map((hit) => hit.id));
    return run(terms, "OR").filter((hit) => !have.has(hit.id)).slice(0, 12).map((hit) => {
      const written = terms.filter((term) => hit.terms.some((word) => word.startsWith(term)));
      return { ...hit, score: (hit.score * 0.3 * written.length) / terms.length };
    }).filter((hit) => hit.score > 0);
  };

  /** The pages that hold the words, best first, each with what was found on it. */
  const find = (text) => {
    const query = { ...asked(text), line: line(text) };
    if (!query.terms.length) return { count: 0, pages: [] };
    let hits = run(query.terms, "AND");
    // A similar word is a guess, of use only where nobody wrote the word itself.
    const written = (hit) => query.terms.every(
      (term) => !hit.queryTerms.includes(term) || hit.terms.some((word) => word.startsWith(term)));
    if (hits.some(written)) hits = hits.filter(written);
    if (hits.length < FEW && query.terms.length > 1) hits = [...hits, ...partly(query, hits)];
    const ranked = hits.map((hit) => scored(hit, query)).sort(
      (a, b) => b.score - a.score || a.entry.id - b.entry.id);
    const best = ranked.length ? ranked[0].score : 0;
    const groups = new Map();
    const kept = ranked.filter((hit) => hit.score > best / 400);
    for (const hit of kept) {
      if (!groups.has(hit.entry.page)) groups.set(hit.entry.page, []);
      groups.get(hit.entry.page).push(hit);
    }
    return {
      count: kept.length,
      pages: [...groups].map(([page, found]) => ({ ...pages[page], found })),
    };
  };

  /* What is shown of a hit */
  const isMatched = (word, matched) => {
    const term = normal(word);
    return matched.has(term) || (term.includes("_") && parts(term).some((part) => matched.has(part)));
  };
  const places = (text, matched) => [...text.matchAll(WORD)]
    .filter(([word]) => isMatched(word, matched))
    .map((found) => ({ from: found.index, to: found.index + found[0].length, word: found[0] }));
  const marked = (text, from, to, found) => {
    const piece = document.createDocumentFragment();
    let at = from;
    for (const place of found.filter((one) => one.from >= from && one.to <= to)) {
      piece.append(text.slice(at, place.from));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(place.from, place.to);
      piece.append(mark);
      at = place.to;
    }
    piece.append(text.slice(at, to));
    return piece;
  };
  const excerpt = ({ entry: { text }, matched }) => {
    const found = places(text, matched);
    let start = 0, most = 0;
    for (const { from } of found) {
      const inside = found.filter((one) => one.from >= from && one.to <= from + SHOWN.length - SHOWN.before);
      const different = new Set(inside.map((one) => normal(one.word))).size + inside.length / 100;
      if (different > most) [most, start] = [different, from];
    }
    let from = Math.max(0, start - SHOWN.before), to = Math.min(text.length, from + SHOWN.length);
    if (from > 0) from = text.indexOf(" ", from) + 1;
    if (to < text.length) to = Math.max(text.lastIndexOf(" ", to), start + 1);
    const piece = marked(text, from, to, found);
    if (from > 0) piece.prepend("… ");
    if (to < text.length) piece.append(" …");
    return piece;
  };
  const address = (page, { entry, matched }) => {
    const url = new URL(page.path + ".html", root);
    const shown = [entry.title, entry.text].flatMap((text) => places(text, matched));
    const words = new Set(shown.map((one) => one.word.toLowerCase().replace("’", "'")));
    for (const word of [...words].slice(0, 6)) url.searchParams.append("mark", word);
    if (entry.anchor) url.hash = entry.anchor;
    return url.href;
  };
  const named = ({ number, title }) => (number ? `${number}. ${title}` : title);
  const LABEL = { term: "Glossary", name: "Helper" };

  const element = (tag, className, ...content) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };
  const resultLink = (page, hit) => {
    const link = element("a", "search-hit");
    link.href = address(page, hit);
    const title = named(hit.entry);
    const head = element("span", "search-hit__title", marked(title, 0, title.length, places(title, hit.matched)));
    if (LABEL[hit.entry.kind]) head.append(" ", element("span", "search-hit__kind", LABEL[hit.entry.kind]));
    link.append(head, " ", element("span", "search-hit__text", excerpt(hit)));
    return link;
  };
  const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;
  const said = (text, { count, pages: onPages }) => {
    if (!text.trim()) return "";
    if (!count) return `Nothing found for “${text.trim()}”. Try fewer or other words.`;
    return `${counted(count, "place", "places")} on ${counted(onPages.length, "page", "pages")}`;
  };

  /* The dialog */
  const AT_FIRST = { pages: 8, hits: 3 };
  const attach = (dialog) => {
    const form = dialog.querySelector("form"), input = form.querySelector("input");
    const status = element("p", "search-status");
    const list = element("div", "search-options");
    status.setAttribute("role", "status");
    list.id = "search-options";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Found");
    list.hidden = true;
    const hint = element("p", "search-hint");
    hint.append(
      element("kbd", "", "↑"), " ", element("kbd", "", "↓"), " choose, ",
      element("kbd", "", "Enter"), " opens, or lists all; ", element("kbd", "", "Esc"), " closes");
    const close = element("button", "search-close", "Close");
    close.type = "button";
    close.addEventListener("click", () => dialog.close());
    form.append(close);
    dialog.append(element("div", "search-found", status, list), hint);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-controls": list.id, "aria-expanded": "false",
      "aria-label": "Search this book",
    })) input.setAttribute(name, value);

    let active = -1, timer = 0;
    const options = () => [...list.querySelectorAll("[role=option]")];
    const choose = (index) => {
      const all = options();
      active = index;
      all.forEach((option, i) => option.setAttribute("aria-selected", String(i === index)));
      if (index < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", all[index].id);
      all[index].scrollIntoView({ block: "nearest" });
    };
    const allResults = () => {
      const url = new URL("search.html", root);
      url.searchParams.set("q", input.value.trim());
      return url.href;
    };
    const show = () => {
      const result = find(input.value);
      list.replaceChildren(...result.pages.slice(0, AT_FIRST.pages).map((page, at) => {
        const head = element("div", "search-group__page", named(page));
        head.id = `search-group-${at}`;
        const group = element("div", "search-group", head);
        group.setAttribute("role", "group");
        group.setAttribute("aria-labelledby", head.id);
        for (const hit of page.found.slice(0, AT_FIRST.hits)) {
          const link = resultLink(page, hit);
          link.setAttribute("role", "option");
          link.setAttribute("aria-selected", "false");
          link.tabIndex = -1;
          group.append(link);
        }
        return group;
      }));
      options().forEach((option, i) => { option.id = `search-option-${i}`; });
      list.hidden = !result.count;
      input.setAttribute("aria-expanded", String(Boolean(result.count)));
      const shown = options().length;
      const rest = shown < result.count ? `; the best ${shown} are shown, Enter lists all` : "";
      status.textContent = said(input.value, result) + rest;
      choose(-1);
    };
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(show, 120);
    });
    input.addEventListener("keydown", (event) => {
      const count = options().length;
      const to = {
        ArrowDown: active + 1 < count ? active + 1 : 0,
        ArrowUp: active > 0 ? active - 1 : count - 1,
      }[event.key];
      if (to !== undefined && count && !event.altKey) {
        event.preventDefault();
        choose(to);
      }
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const chosen = options()[active];
      if (chosen) chosen.click();
      else if (input.value.trim()) location.href = allResults();
    });
    /* A result on this very page only moves the page: the dialog must not stay in front. */
    list.addEventListener("click", (event) => {
      if (event.target.closest("a") && !event.ctrlKey && !event.metaKey && !event.shiftKey) dialog.close();
    });
    if (input.value) show();
    return { show };
  };

  /* The search page */
  const fillPage = () => {
    const form = document.querySelector("form.search-form"), results = document.querySelector("#search-results");
    if (!form || !results) return;
    const input = form.querySelector("input"), status = document.querySelector(".search-page .search-status");
    const show = () => {
      const result = find(input.value);
      status.textContent = said(input.value, result);
      results.replaceChildren(...result.pages.map((page) => {
        const link = element("a", "", named(page));
        link.href = new URL(page.path + ".html", root).href;
        const list = element("ul", "search-list");
        for (const hit of page.found.slice(0, 6)) list.append(element("li", "", resultLink(page, hit)));
        const more = page.found.length - 6;
        if (more > 0) list.append(element("li", "search-more", `and ${counted(more, "more place", "more places")}`));
        return element("section", "", element("h2", "", link), list);
      }));
    };
    const keep = () => {
      const url = new URL(location.href);
      if (input.value.trim()) url.searchParams.set("q", input.value.trim());
      else url.searchParams.delete("q");
      try { history.replaceState(null, "", url); } catch { /* not allowed in a folder: no harm */ }
    };
    let timer = 0;
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => { show(); keep(); }, 150);
    });
    form.addEventListener("submit", (event) => { event.preventDefault(); show(); keep(); });
    show();
  };

  const ready = () => window.MiniSearch && window.bondSearchIndex;
  const script = (name) => new Promise((done, failed) => {
    const tag = document.createElement("script");
    tag.src = new URL(`_static/${name}`, root).href;
    tag.onload = done;
    tag.onerror = () => failed(new Error(`${name} could not be loaded`));
    document.head.append(tag);
  });
  // The index is large: it is fetched when somebody asks for a word.
  const fetched = () => ready() ? Promise.resolve()
    : Promise.all(["minisearch/minisearch.min.js", "search-index.js"].map(script));
  let loading = null;
  const again = (error) => { loading = null; throw error; }; // the next call tries once more
  window.bondFind = { find, attach, get ready() { return loading ??= fetched().then(load).catch(again); } };
  const startPage = () => {
    const input = document.getElementById("search-words");
    if (!input) return;
    const begin = () => window.bondFind.ready.then(fillPage, () => {
      document.querySelector(".search-page .search-status").textContent =
        "The index of the search could not be loaded.";
    });
    input.value ||= new URLSearchParams(location.search).get("q") || "";
    if (input.value) return begin();
    input.addEventListener("input", begin, { once: true });
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startPage);
  else startPage();
})();
