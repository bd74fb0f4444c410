/* What a page must be like for people who use a keyboard, a screen reader, large text or a high
   contrast. Each function gives a list of sentences, empty when all is well. Run inside the page
   by checks_a11y.py. */
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const squeeze = (text) => text.replace(/\s+/g, " ").trim();
  const isSeen = (e) => e.checkVisibility({ visibilityProperty: true });

  /** A short name of an element for a sentence of fault. */
  const called = (e) => {
    const kind =
      e.tagName.toLowerCase() +
      [...e.classList]
        .slice(0, 2)
        .map((c) => `.${c}`)
        .join("");
    const words = squeeze(e.getAttribute("aria-label") || e.textContent || "").slice(0, 40);
    return words ? `${kind} "${words}"` : kind;
  };

  // --- colors ------------------------------------------------------------------------------
  const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext(
    "2d",
    { willReadFrequently: true },
  );
  const known = new Map();

  /** Red, green, blue and opacity (0 to 1) of any color that CSS can write. */
  const rgba = (color) => {
    if (!known.has(color)) {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = color;
      pen.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
      known.set(color, [r, g, b, a / 255]);
    }
    return known.get(color);
  };
  const over = ([r, g, b, a], [R, G, B]) => [
    r * a + R * (1 - a),
    g * a + G * (1 - a),
    b * a + B * (1 - a),
    1,
  ];
  const luminance = (color) => {
    const [r, g, b] = color.slice(0, 3).map((c) => {
      const v = c / 255;
      return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  /** The color behind an element's content: its own backgrounds and its ancestors'. */
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) {
      const color = rgba(getComputedStyle(e).backgroundColor);
      if (color[3] > 0) layers.push(color);
      if (color[3] === 1) break;
    }
    const canvas = matchMedia("(forced-colors: active)").matches
      ? rgba("Canvas")
      : [255, 255, 255, 1];
    return layers.reverse().reduce((below, layer) => over(layer, below), canvas);
  };
  const against = (color, behind) => contrast(over(rgba(color), behind), behind);
  const opacity = (element) => {
    let product = 1;
    for (let e = element; e; e = e.parentElement)
      product *= parseFloat(getComputedStyle(e).opacity);
    return product;
  };

  // --- keyboard ----------------------------------------------------------------------------
  const FOCUSABLE =
    "a[href], area[href], button, input, select, textarea, summary, iframe, audio[controls]," +
    " video[controls], [tabindex], [contenteditable]";

  /** What the Tab key reaches, in the order of the document. */
  const focusables = (root = document) =>
    all(FOCUSABLE, root).filter((e) => {
      if (e.tabIndex < 0 || e.disabled || e.closest("[inert]") || !isSeen(e)) return false;
      if (e.matches("summary") && e !== e.parentElement.querySelector(":scope > summary"))
        return false;
      if (e.type === "radio" && e.name && !e.checked) {
        const group = all(`input[type=radio][name="${CSS.escape(e.name)}"]`);
        return !group.some((r) => r.checked) && group[0] === e;
      }
      return true;
    });

  /** Points inside what an element shows, and inside the window. */
  const shown = (e) => {
    const after = getComputedStyle(e, "::after"); // a link that covers its card does so with this
    const stretched =
      after.content !== "none" &&
      after.position === "absolute" &&
      getComputedStyle(e).position === "static";
    return stretched ? [e.offsetParent.getBoundingClientRect()] : [...e.getClientRects()];
  };
  const points = (e) =>
    shown(e).flatMap((box) => {
      const left = Math.max(box.left, 0),
        right = Math.min(box.right, innerWidth);
      const top = Math.max(box.top, 0),
        bottom = Math.min(box.bottom, innerHeight);
      if (right - left < 1 || bottom - top < 1) return [];
      return [0.15, 0.5, 0.85].flatMap((x) =>
        [0.2, 0.5, 0.8].map((y) => [left + (right - left) * x, top + (bottom - top) * y]),
      );
    });
  const isHit = (e, [x, y]) => {
    const hit = document.elementFromPoint(x, y);
    return (
      Boolean(hit) &&
      (hit === e || e.contains(hit) || [...(e.labels || [])].some((l) => l.contains(hit)))
    );
  };
  const outline = (e) => {
    const style = getComputedStyle(e);
    const drawn = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!drawn) return 0;
    const behind = ground(parseFloat(style.outlineOffset) < 0 ? e : e.parentElement || e);
    return style.outlineStyle === "auto" ? 21 : against(style.outlineColor, behind);
  };

  /** Faults of the element that has the focus now. */
  const focusFaults = (e) => {
    const faults = [];
    const say = (text) => faults.push(`${called(e)} ${text}`);
    if (document.activeElement !== e) {
      say("takes no focus");
      return faults;
    }
    const seen = points(e);
    if (seen.length === 0) {
      say("has the focus and is outside the window, or has no size");
      return faults;
    }
    if (opacity(e) < 0.5) say("has the focus and cannot be seen (transparent)");
    const hits = seen.filter((p) => isHit(e, p)).length;
    if (hits < seen.length / 2) {
      const by = document.elementFromPoint(...seen[Math.floor(seen.length / 2)]);
      say(`has the focus and is covered by ${by ? called(by) : "nothing of the page"}`);
    }
    let mark = 0;
    for (let a = e, up = 0; a && up < 5; a = a.parentElement, up++)
      mark = Math.max(mark, outline(a));
    if (mark === 0) say("shows no mark of focus (an outline of 2 px)");
    else if (mark < 3) say(`has a mark of focus with a contrast of ${mark.toFixed(1)}, not 3`);
    return faults;
  };

  /** Bring every transition to its end. */
  const settle = () =>
    document.getAnimations().forEach((a) => {
      if (a.effect?.getComputedTiming().endTime !== Infinity) a.finish();
    });

  /** Everything that takes the focus can be seen then. The Tab key must have been pressed before. */
  const focusMarks = (root = document) => {
    const faults = [];
    for (const e of focusables(root)) {
      e.focus();
      settle();
      if (document.activeElement === e && !e.matches(":focus-visible")) continue; // no keyboard's focus
      faults.push(...focusFaults(e));
    }
    return faults;
  };

  /** The order of the Tab key is the order in which one reads. */
  const order = () => {
    const faults = all("[tabindex]")
      .filter((e) => e.tabIndex > 0)
      .map((e) => `${called(e)} has tabindex ${e.tabIndex}`);
    const article =
      document.querySelector("main article") || document.querySelector("main") || document.body;
    const moves = (e) => {
      for (let a = e; a && a !== article; a = a.parentElement)
        if (/fixed|sticky/.test(getComputedStyle(a).position)) return true;
      return false;
    };
    document.activeElement?.blur();
    scrollTo(0, 0);
    let before = null;
    for (const e of focusables(article)) {
      if (moves(e)) continue;
      const box = e.getBoundingClientRect();
      if (before && box.bottom <= before.box.top && box.left < before.box.right)
        faults.push(`${called(e)} stands above ${called(before.e)} but is reached after it`);
      before = { e, box };
    }
    return faults;
  };

  // --- structure ---------------------------------------------------------------------------
  const VAGUE = new Set([
    "here",
    "click here",
    "click",
    "link",
    "this",
    "this link",
    "this page",
    "more",
    "read more",
    "learn more",
    "see",
    "see here",
    "details",
    "#",
    "¶",
    "",
  ]);

  /** The name that a screen reader would say of a link, nearly. */
  const spoken = (e) => {
    if (e.getAttribute("aria-label")) return squeeze(e.getAttribute("aria-label"));
    const ids = (e.getAttribute("aria-labelledby") || "").split(/\s+/).filter(Boolean);
    if (ids.length)
      return squeeze(ids.map((id) => document.getElementById(id)?.textContent || "").join(" "));
    const text = squeeze(e.innerText || e.textContent || "");
    return (
      text ||
      squeeze(
        all("img[alt]", e)
          .map((i) => i.alt)
          .join(" "),
      )
    );
  };
  const isHidden = (e) => Boolean(e.closest("[aria-hidden=true]"));

  const headings = () => {
    const faults = [];
    const found = all(
      "h1, h2, h3, h4, h5, h6, [role=heading]",
      document.querySelector("main"),
    ).filter((e) => isSeen(e) && !isHidden(e));
    const level = (e) => Number(e.getAttribute("aria-level") || e.tagName.slice(1));
    const firsts = all("h1, [role=heading][aria-level='1']").filter(isSeen);
    if (firsts.length !== 1) faults.push(`the page has ${firsts.length} headings of level 1`);
    if (found.length && level(found[0]) !== 1)
      faults.push(`the first heading has level ${level(found[0])}: ${called(found[0])}`);
    found.forEach((e, i) => {
      const words = squeeze(
        [...e.childNodes]
          .filter((n) => !n.classList?.contains("headerlink"))
          .map((n) => n.textContent)
          .join(""),
      );
      if (!words) faults.push(`a heading of level ${level(e)} is empty`);
      if (i && level(e) > level(found[i - 1]) + 1)
        faults.push(
          `${called(e)} of level ${level(e)} follows one of level ${level(found[i - 1])}`,
        );
    });
    return faults;
  };

  const landmarks = () => {
    const faults = [];
    if (document.documentElement.lang !== "en") faults.push("the page's language is not given");
    if (!squeeze(document.title)) faults.push("the page has no title");
    const mains = all("main, [role=main]").filter(isSeen);
    if (mains.length !== 1) faults.push(`the page has ${mains.length} main parts`);
    const names = all("nav, [role=navigation]").filter(isSeen).map(labelOf);
    names.forEach((name, i) => {
      if (!name) faults.push("a navigation has no name");
      else if (names.indexOf(name) !== i) faults.push(`two navigations are called "${name}"`);
    });
    const ids = new Map();
    for (const e of all("[id]")) ids.set(e.id, (ids.get(e.id) || 0) + 1);
    for (const [id, count] of ids)
      if (count > 1) faults.push(`${count} elements have the id "${id}"`);
    for (const key of [
      "aria-labelledby",
      "aria-describedby",
      "aria-details",
      "aria-controls",
      "aria-owns",
      "for",
      "aria-activedescendant",
      "aria-errormessage",
      "headers",
    ])
      for (const e of all(`[${key}]`))
        for (const id of e.getAttribute(key).split(/\s+/).filter(Boolean))
          if (!document.getElementById(id))
            faults.push(`${called(e)}: ${key} names "${id}", which is not there`);
    for (const e of all(
      "[accesskey], [autoplay], [autofocus], marquee, blink, meta[http-equiv=refresh i]",
    ))
      if (!e.closest("dialog")) faults.push(`${called(e)} starts or grabs something by itself`);
    return faults;
  };
  const labelOf = (e) =>
    squeeze(
      e.getAttribute("aria-label") ||
        (e.getAttribute("aria-labelledby") || "")
          .split(/\s+/)
          .map((id) => document.getElementById(id)?.textContent || "")
          .join(" "),
    );

  const links = () => {
    const faults = [];
    for (const e of all("a[href]")) {
      if (!isSeen(e) || isHidden(e)) continue;
      const name = spoken(e);
      if (VAGUE.has(name.toLowerCase().replace(/[.…:!]+$/, "")))
        faults.push(`a link to ${e.getAttribute("href").slice(0, 60)} is called "${name}"`);
      if (e.target === "_blank" && !/new (tab|window)/i.test(name + (e.title || "")))
        faults.push(`${called(e)} opens a new tab and does not say so`);
    }
    return faults;
  };

  /** Links inside a sentence are underlined, and the line can be seen. */
  const linkLooks = () => {
    const faults = [];
    for (const e of all("main a[href]")) {
      const style = getComputedStyle(e);
      if (!isSeen(e) || !style.display.startsWith("inline") || e.matches(".headerlink")) continue;
      const block = e.closest("p, li, dd, td, th, figcaption, dt, caption, blockquote");
      if (!block || e.closest("nav, .prev-next-area, [class*=card], svg")) continue;
      const rest = squeeze(block.innerText).length - squeeze(e.innerText).length;
      if (rest < 8 || style.display !== "inline") continue;
      const line = [e, ...all("*", e)]
        .map((x) => getComputedStyle(x))
        .find((s) => s.textDecorationLine.includes("underline"));
      const border = parseFloat(style.borderBottomWidth) >= 1 && style.borderBottomStyle !== "none";
      if (!line && !border) {
        faults.push(`${called(e)} is not underlined`);
        continue;
      }
      const color = line ? line.textDecorationColor : style.borderBottomColor;
      const c = against(color, ground(e));
      if (c < 3)
        faults.push(`${called(e)} has an underline with a contrast of ${c.toFixed(1)}, not 3`);
    }
    return faults;
  };

  const tables = () =>
    all("main table")
      .filter(isSeen)
      .flatMap((e) => {
        const heads = all("th", e);
        if (heads.length === 0) return [`${called(e)} has no header cells`];
        const bare = heads.filter((th) => !th.scope && !e.querySelector("thead")?.contains(th));
        return bare.slice(0, 1).map((th) => `${called(th)} heads neither a column nor a row`);
      });

  const figures = () =>
    all("main figure")
      .filter(isSeen)
      .flatMap((e) => {
        const faults = [];
        if (!e.querySelector("figcaption") && !e.getAttribute("aria-label"))
          faults.push(`${called(e)} has no caption`);
        for (const svg of all("svg", e)) {
          const named =
            svg.getAttribute("aria-label") ||
            svg.getAttribute("aria-labelledby") ||
            svg.querySelector(":scope > title");
          if (!isHidden(svg) && !(svg.getAttribute("role") === "img" && named))
            faults.push(`${called(e)} holds a drawing without a role and a name`);
        }
        return faults;
      });

  /** Each section of a page can be linked to, also with the keyboard. */
  const permalinks = () => {
    const reached = new Set(focusables(document.querySelector("main") || document));
    return all("main article :is(h2, h3, h4)")
      .filter(isSeen)
      .flatMap((e) => {
        if (!e.closest("section[id], [id]:not(main):not(article)")) return [];
        const link = e.querySelector("a[href^='#']");
        return !link || reached.has(link) ? [] : [`the permalink of ${called(e)} takes no focus`];
      });
  };

  /** Structure of all kinds. */
  const structure = () =>
    [headings, landmarks, links, tables, figures, permalinks].flatMap((check) => check());

  /** Things to press that are too small (WCAG 2.2, 2.5.8, with its exceptions). */
  const targets = () => {
    const LEAST = 24;
    const found = all(
      "a[href], button, input:not([type=hidden]), select, textarea, summary, label[for], [role=button]",
    ).filter((e) => isSeen(e) && !isHidden(e) && opacity(e) > 0.05);
    const boxes = found.map((e) => {
      let b =
        e.getClientRects().length > 1
          ? e.getBoundingClientRect()
          : shown(e)[0] || e.getBoundingClientRect();
      if (e.matches("input[type=radio], input[type=checkbox]"))
        for (const label of e.labels || []) {
          // pressing the label is pressing the box
          const l = label.getBoundingClientRect();
          if (label.contains(e) || l.height > b.height) b = l;
        }
      return b;
    });
    const isInline = (e) => {
      if (getComputedStyle(e).display !== "inline") return false;
      const block = e.closest(
        "p, li, dd, dt, td, th, figcaption, summary, caption, blockquote, label, h1, h2, h3, h4, pre",
      );
      return (
        Boolean(block) && squeeze(block.innerText || "").length > squeeze(e.innerText || "").length
      );
    };
    const small = boxes.map(
      (b) => b.width > 0 && (b.width < LEAST - 0.1 || b.height < LEAST - 0.1),
    );
    const center = (b) => [(b.left + b.right) / 2, (b.top + b.bottom) / 2];
    return found.flatMap((e, i) => {
      const b = boxes[i];
      if (!small[i] || isInline(e) || b.right < 0 || (b.bottom < 0 && scrollY === 0)) return [];
      const [x, y] = center(b);
      const near = found.findIndex((o, j) => {
        if (j === i || boxes[j].width === 0 || o.contains(e) || e.contains(o)) return false;
        if ([...(o.labels || [])].includes(e) || [...(e.labels || [])].includes(o)) return false;
        const c = boxes[j];
        const dx = Math.max(c.left - x, 0, x - c.right),
          dy = Math.max(c.top - y, 0, y - c.bottom);
        if (Math.hypot(dx, dy) < LEAST / 2 - 0.1) return true;
        const [u, v] = center(c);
        return small[j] && Math.hypot(u - x, v - y) < LEAST - 0.1;
      });
      return near < 0
        ? []
        : [
            `${called(e)} is ${Math.round(b.width)} by ${Math.round(b.height)} px, close to ${called(found[near])}`,
          ];
    });
  };

  // --- contrast ----------------------------------------------------------------------------
  /** Every word of code, in each of its colors. */
  const codeContrast = () => {
    const faults = new Set();
    for (const e of all("main pre, main pre span, main code, main code span")) {
      const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
      if (!own || !isSeen(e)) continue;
      const style = getComputedStyle(e);
      const c = contrast(over(rgba(style.color), ground(e)), ground(e));
      if (c < 4.5 || opacity(e) < 1)
        faults.add(
          `code of class "${e.className}" (${squeeze(e.textContent).slice(0, 20)}): contrast ${c.toFixed(2)}, ` +
            `opacity ${opacity(e)}`,
        );
    }
    return [...faults];
  };

  /** Colors that a page shows only now and then: visited links, selected text, hints in fields. */
  const rareContrast = () => {
    const faults = [];
    const texts = [".bond-visited, .bond-visited * { transition: none !important }"];
    const walk = (rules) => {
      for (const rule of rules) {
        if (rule.cssRules?.length && (!rule.media || matchMedia(rule.media.mediaText).matches))
          walk(rule.cssRules);
        if (!rule.selectorText?.includes(":visited") || !rule.style?.color) continue;
        const weight = rule.style.getPropertyPriority("color") ? "!important" : "";
        texts.push(
          `${rule.selectorText.replaceAll(":visited", ".bond-visited")} { color: ${rule.style.color} ${weight} }`,
        );
      }
    };
    for (const sheet of document.styleSheets)
      if (!sheet.media.mediaText || matchMedia(sheet.media.mediaText).matches)
        try {
          walk(sheet.cssRules);
        } catch {
          /* a stylesheet opened from a folder cannot be read */
        }
    // A page may not ask what was visited, so a class stands in for it.
    const stand = new CSSStyleSheet();
    stand.replaceSync(texts.join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, stand];
    const visited = new Map();
    for (const link of all("a[href]").filter(isSeen)) {
      link.classList.add("bond-visited");
      for (const e of [link, ...all("*", link)]) {
        if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || e.closest("svg"))
          continue;
        const color = getComputedStyle(e).color,
          behind = ground(e);
        const key = `${color} on ${behind.map(Math.round)}`;
        if (!visited.has(key)) visited.set(key, [against(color, behind), called(link)]);
      }
      link.classList.remove("bond-visited");
    }
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((sheet) => sheet !== stand);
    for (const [key, [c, name]] of visited)
      if (c < 4.5) faults.push(`${name}, visited: contrast ${c.toFixed(2)} (${key})`);
    for (const e of all("main article p, main pre, main td").slice(0, 60)) {
      const style = getComputedStyle(e, "::selection");
      if (rgba(style.backgroundColor)[3] === 0) continue;
      const c = against(style.color, over(rgba(style.backgroundColor), ground(e)));
      if (c < 4.5) {
        faults.push(`selected text of ${called(e)}: contrast ${c.toFixed(2)}`);
        break;
      }
    }
    for (const e of all("input[placeholder]")) {
      const style = getComputedStyle(e, "::placeholder");
      const faint = rgba(style.color)
        .slice(0, 3)
        .concat(rgba(style.color)[3] * parseFloat(style.opacity || 1));
      const behind = ground(e);
      const c = contrast(over(faint, behind), behind);
      if (c < 4.5) faults.push(`the hint "${e.placeholder}" has a contrast of ${c.toFixed(2)}`);
    }
    return faults;
  };

  /** Marks by which one knows a control: its edge, its icon, its arrow. */
  const markContrast = () => {
    const faults = [];
    const say = (e, what, c) =>
      faults.push(`${what} of ${called(e)} has a contrast of ${c.toFixed(2)}, not 3`);
    for (const e of all(
      "input:not([type=hidden], [type=range], [type=radio], [type=checkbox]), select, textarea",
    )) {
      if (!isSeen(e)) continue;
      const frame =
        e.closest("form") && parseFloat(getComputedStyle(e).borderTopWidth) === 0
          ? e.closest("form")
          : e;
      const style = getComputedStyle(frame),
        behind = ground(frame.parentElement);
      const edge =
        parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none"
          ? against(style.borderTopColor, behind)
          : 0;
      const best = Math.max(edge, contrast(ground(frame), behind));
      if (best < 3) say(e, "the edge", best);
    }
    for (const e of all("button, a, summary, label").filter(isSeen)) {
      const words = squeeze(e.innerText || "");
      for (const icon of all("i, span, svg", e)) {
        const style = getComputedStyle(icon);
        if (!isSeen(icon) || words || style.maskImage === "none") continue;
        const behind = ground(e);
        const c = against(style.backgroundColor, behind);
        if (c < 3) say(e, "the icon", c);
      }
      for (const svg of all("svg", e)) {
        if (!isSeen(svg) || words) continue;
        const best = Math.max(
          0,
          ...all("path, circle, ellipse, line, polyline, polygon, rect, use", svg).map((part) => {
            const style = getComputedStyle(part);
            return Math.max(
              ...[style.stroke, style.fill].map((c) =>
                c.startsWith("rgb") || c.startsWith("color") || c.startsWith("okl")
                  ? against(c, ground(e))
                  : 0,
              ),
            );
          }),
        );
        if (best < 3 && opacity(svg) > 0.5) say(e, "the icon", best);
      }
    }
    for (const e of all("summary").filter(isSeen)) {
      const style = getComputedStyle(e);
      const box = e.parentElement,
        behind = ground(box.parentElement);
      const arrow = style.display === "list-item" && style.listStyleType !== "none";
      const drawn = ["::before", "::after"].some((part) => {
        const { content, width, maskImage, backgroundImage } = getComputedStyle(e, part);
        return (
          content !== "none" &&
          (!/^(""|normal)$/.test(content) || maskImage !== "none" || backgroundImage !== "none") &&
          parseFloat(width) !== 0
        );
      });
      const edge = Math.max(
        ...[e, box]
          .map((x) => getComputedStyle(x))
          .map((s) =>
            parseFloat(s.borderTopWidth) > 0 && s.borderTopStyle !== "none"
              ? against(s.borderTopColor, behind)
              : 0,
          ),
      );
      if (
        !arrow &&
        !drawn &&
        !e.querySelector("i, svg, [class*=icon], [class*=toggle]") &&
        edge < 3
      )
        faults.push(
          `nothing marks ${called(e)} as something that unfolds (edge: ${edge.toFixed(2)})`,
        );
    }
    return faults;
  };

  /** Text of drawings inside the page. */
  const drawings = () => {
    const faults = new Set();
    for (const svg of all("main svg").filter(isSeen)) {
      for (const e of all("text", svg)) {
        if (!isSeen(e) || !squeeze(e.textContent)) continue;
        const c = against(getComputedStyle(e).fill, ground(svg));
        if (c < 4.5)
          faults.add(
            `text "${squeeze(e.textContent)}" in ${called(svg.parentElement)}: contrast ${c.toFixed(2)}`,
          );
      }
    }
    return [...faults];
  };

  // --- large text --------------------------------------------------------------------------
  const isClip = (style) => /hidden|clip/.test(style.overflowX + style.overflowY);

  /** Text that is cut off, or lies over other text. */
  const lost = () => {
    const faults = [];
    const holders = all("body *").filter(
      (e) =>
        !e.closest(".katex, svg, script, style, noscript, template") &&
        [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) &&
        isSeen(e),
    );
    const lines = [];
    for (const e of holders) {
      const range = document.createRange();
      for (const node of e.childNodes) {
        if (node.nodeType !== 3 || !node.data.trim()) continue;
        range.selectNodeContents(node);
        for (const box of range.getClientRects())
          if (box.width > 1 && box.height > 1) lines.push({ e, box });
      }
      for (let a = e; a && a !== document.body; a = a.parentElement) {
        const style = getComputedStyle(a);
        if (/auto|scroll/.test(style.overflowX + style.overflowY)) break;
        if (!isClip(style)) continue;
        if (a.clientWidth <= 1 || style.clipPath !== "none" || style.clip !== "auto") break; // for screen readers only
        if (a.scrollWidth > a.clientWidth + 2 || a.scrollHeight > a.clientHeight + 2)
          faults.push(
            `text of ${called(a)} is cut off: ${a.scrollWidth} by ${a.scrollHeight} in ` +
              `${a.clientWidth} by ${a.clientHeight} px`,
          );
        break;
      }
    }
    lines.sort((a, b) => a.box.top - b.box.top);
    const isFixed = (e) => {
      for (let a = e; a && a !== document.body; a = a.parentElement)
        if (/fixed|sticky|absolute/.test(getComputedStyle(a).position)) return true;
      return false;
    };
    const scroller = (e) =>
      e.closest("pre, .table-scroll, .pst-scrollable-table-container, [style*=overflow]");
    for (let i = 0; i < lines.length; i++)
      for (let j = i + 1; j < lines.length && lines[j].box.top < lines[i].box.bottom - 1; j++) {
        const [a, b] = [lines[i], lines[j]];
        if (a.e === b.e || a.e.contains(b.e) || b.e.contains(a.e)) continue;
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        const least = Math.min(a.box.height, b.box.height);
        if (
          wide < 3 ||
          high < 0.45 * least ||
          isFixed(a.e) ||
          isFixed(b.e) ||
          scroller(a.e) !== scroller(b.e)
        )
          continue;
        faults.push(`${called(a.e)} lies over ${called(b.e)}`);
      }
    return [...new Set(faults)].slice(0, 12);
  };

  const SPACING =
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }" +
    " p { margin-bottom: 2em !important; }" +
    " .katex, .katex * { line-height: normal; letter-spacing: 0 !important; word-spacing: 0 !important; }";

  /** Sets the text as WCAG 1.4.12 asks; formulas keep the spacing that they mean. */
  const spaceText = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SPACING);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  };

  // --- motion ------------------------------------------------------------------------------
  /** In forced colors: icons and the text of drawings stand out from the reader's own ground. */
  const forced = () => [...iconsForced(), ...drawings()];
  const iconsForced = () =>
    all("body i, body span, body svg")
      .filter((e) => isSeen(e) && opacity(e) > 0.5)
      .flatMap((e) => {
        const style = getComputedStyle(e);
        if (style.maskImage === "none") return [];
        const c = against(style.backgroundColor, ground(e.parentElement));
        return c < 3
          ? [
              `the icon ${called(e)} of ${called(e.parentElement)} has a contrast of ${c.toFixed(2)}, not 3`,
            ]
          : [];
      });

  const seconds = (list) =>
    Math.max(
      ...list
        .split(",")
        .map((t) => (t.trim().endsWith("ms") ? parseFloat(t) / 1000 : parseFloat(t)))
        .map((t) => t || 0),
    );

  /** What would move although the reader asked for rest. */
  const motion = () => {
    const faults = new Set();
    const kind = (e, part) =>
      e.tagName.toLowerCase() +
      [...e.classList]
        .slice(0, 2)
        .map((c) => `.${c}`)
        .join("") +
      part;
    for (const e of all("html, body, body *")) {
      for (const part of ["", "::before", "::after", "::backdrop"]) {
        if (part === "::backdrop" && e.tagName !== "DIALOG") continue;
        const style = getComputedStyle(e, part || null);
        if ((part === "::before" || part === "::after") && style.content === "none") continue;
        if (style.transitionProperty !== "none" && seconds(style.transitionDuration) > 0.02)
          faults.add(`${kind(e, part)} changes over ${style.transitionDuration}`);
        if (style.animationName !== "none" && seconds(style.animationDuration) > 0.02)
          faults.add(`${kind(e, part)} moves for ${style.animationDuration}`);
        if (!part && style.scrollBehavior === "smooth")
          faults.add(`${kind(e, part)} scrolls smoothly`);
      }
    }
    return [...faults];
  };

  // --- a walk with the Tab key ----------------------------------------------------------------
  /** Begin to note what takes the focus; gives the number of stops to expect. */
  const startWalk = () => {
    const stops = focusables(),
      seen = [];
    document.addEventListener("focusin", (event) => {
      seen.push(event.target);
      settle();
      if (stops.includes(event.target)) walk.faults.push(...focusFaults(event.target));
    });
    walk = { stops, seen, faults: [] };
    return stops.length;
  };
  let walk = null;

  /** Where the walk went astray, and what could not be seen on the way. */
  const endWalk = () => {
    const { stops, seen, faults } = walk;
    const wrong = stops.findIndex((e, i) => seen[i] !== e);
    if (wrong >= 0)
      faults.unshift(
        `stop ${wrong + 1} of ${stops.length} is ${seen[wrong] ? called(seen[wrong]) : "nothing"}, ` +
          `not ${called(stops[wrong])}`,
      );
    return faults;
  };

  /** One element of each kind that takes the focus, marked for a closer look; their number. */
  const markKinds = () => {
    const kinds = new Map();
    for (const e of focusables()) {
      const key =
        `${e.tagName} ${e.type || ""} ${e.closest("nav, main, dialog, header, footer, form")?.tagName}` +
        ` ${[...e.classList].join(" ")}`;
      if (!kinds.has(key)) kinds.set(key, e);
    }
    [...kinds.values()].forEach((e, i) => e.setAttribute("data-kind", i));
    return [...kinds.values()].map(called);
  };

  // --- math --------------------------------------------------------------------------------
  const formulas = () =>
    all(".katex").flatMap((e) => {
      const faults = [];
      const math = e.querySelector("math");
      const source = squeeze(e.querySelector("annotation")?.textContent || "");
      const say = (text) => faults.push(`the formula "${source.slice(0, 40)}" ${text}`);
      if (!math) say("has no MathML");
      else {
        const words = squeeze(
          [...math.querySelectorAll("mi, mn, mo, mtext, ms")].map((t) => t.textContent).join(""),
        );
        if (!words) say("has empty MathML");
        if (math.closest("[aria-hidden=true]")) say("hides its MathML");
        if (math.querySelector("merror")) say("holds an error");
      }
      if (!source) say("does not carry its source");
      const drawn = e.querySelector(".katex-html");
      if (drawn && drawn.getAttribute("aria-hidden") !== "true") say("is read twice");
      if (drawn && math && isSeen(drawn)) {
        // a finger on the drawing must find the MathML
        const part = drawn.querySelector(".base") || drawn;
        part.scrollIntoView({ block: "center", inline: "center" });
        const box = part.getBoundingClientRect();
        const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
        if (!hit?.closest("math, .katex-mathml")) say("is not found by touch");
      }
      return faults;
    });

  window.bondA11y = {
    called,
    focusables,
    focusFaults,
    focusMarks,
    settle,
    order,
    headings,
    landmarks,
    links,
    linkLooks,
    tables,
    figures,
    structure,
    targets,
    codeContrast,
    rareContrast,
    markContrast,
    drawings,
    lost,
    spaceText,
    motion,
    formulas,
    permalinks,
    forced,
    startWalk,
    endWalk,
    markKinds,
  };
})();
