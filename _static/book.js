/* What every page does: colors, dialogs, contents, copying, printing. Each part
   stands alone, so that a page without its elements, or a browser without a
   feature, loses that part only. */
(() => {
  const ready = (part) => {
    const run = () => {
      try {
        part();
      } catch (error) {
        console.error(error);
      }
    };
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", run);
    else run();
  };
  const root = document.documentElement;
  const say = (() => {
    let box;
    return (words) => {
      if (!box) {
        box = document.createElement("div");
        box.setAttribute("role", "status");
        box.className = "visually-hidden";
        document.body.append(box);
      }
      box.textContent = "";
      setTimeout(() => (box.textContent = words), 50); // a change that is heard each time
    };
  })();

  /* Colors: the button goes from the system's choice to the other one, and around. */
  ready(() => {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const buttons = document.querySelectorAll(".theme-switch-button");
    const show = (wanted) => {
      const mode = wanted === "light" || wanted === "dark" ? wanted : "auto";
      root.dataset.mode = mode;
      root.dataset.theme = mode === "auto" ? (system.matches ? "dark" : "light") : mode;
      for (const button of buttons) {
        button.setAttribute("aria-label", `Color mode: ${mode}`);
        button.title = `Color mode: ${mode}`;
      }
    };
    const next = () => {
      const order = system.matches ? ["auto", "light", "dark"] : ["auto", "dark", "light"];
      const mode = order[(order.indexOf(root.dataset.mode) + 1) % order.length];
      show(mode);
      try {
        localStorage.setItem("bond-mode", mode);
      } catch {
        // The choice then holds for this page alone.
      }
      say(`Color mode: ${mode}`);
    };
    for (const button of buttons) button.addEventListener("click", next);
    system.addEventListener("change", () => show(root.dataset.mode));
    addEventListener("storage", (event) => {
      if (event.key === "bond-mode" || event.key === null) show(event.newValue);
    });
    // Back at a page that the browser had put aside: the choice may be newer than the page.
    addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      try {
        show(localStorage.getItem("bond-mode") ?? root.dataset.mode);
      } catch {
        // Nothing is kept: the page stays as it was left.
      }
    });
    show(root.dataset.mode);
  });

  /* A click beside a dialog closes it, whichever script opened it. */
  document.addEventListener("click", ({ target, clientX: x, clientY: y }) => {
    if (!(target instanceof HTMLDialogElement)) return; // what lies beside it counts as the dialog
    const { left, right, top, bottom } = target.getBoundingClientRect();
    if (x < left || x > right || y < top || y > bottom) target.close();
  });

  /* The contents of the book and of the page: beside the text where there is room, else in a
     dialog, into which they move while it is open. */
  const panel = (toggle, id, name, room, folds) => {
    const button = document.querySelector(toggle);
    const side = document.getElementById(id);
    const dialog = document.getElementById(`${id}-modal`);
    if (!button || !side || !dialog) return;
    const wide = matchMedia(room);
    const close = document.createElement("button");
    close.type = "button";
    close.className = "panel-close";
    close.textContent = "Close";
    close.addEventListener("click", () => dialog.close());
    const move = (from, to) => {
      to.append(...[...from.childNodes].filter((node) => node !== close));
      to.classList.add(...from.classList);
      from.removeAttribute("class");
    };
    const describe = () => {
      if (folds && wide.matches)
        button.setAttribute("aria-expanded", !side.classList.contains("pst-sidebar-hidden"));
      else button.removeAttribute("aria-expanded");
    };
    dialog.setAttribute("aria-label", name);
    button.addEventListener("click", () => {
      if (wide.matches) {
        if (folds) side.classList.toggle("pst-sidebar-hidden");
      } else if (!dialog.open) {
        side.classList.remove("pst-sidebar-hidden");
        move(side, dialog);
        dialog.prepend(close);
        dialog.showModal();
      }
      describe();
    });
    dialog.addEventListener("close", () => {
      close.remove();
      move(dialog, side);
    });
    dialog.addEventListener("click", (event) => {
      if (event.target.closest('a[href^="#"]')) dialog.close();
    });
    wide.addEventListener("change", () => {
      if (dialog.open) dialog.close();
      describe();
    });
    describe();
  };
  ready(() => {
    panel(
      ".primary-toggle", "pst-primary-sidebar", "Contents of the book", "(min-width: 992px)", true
    );
    panel(
      ".secondary-toggle", "pst-secondary-sidebar", "On this page", "(min-width: 1200px)", false
    );
  });

  /* The link of this page in the contents is in view. */
  ready(() => {
    const side = document.getElementById("pst-primary-sidebar");
    const here = side?.querySelector("a.current");
    if (!here || !side.clientHeight) return;
    const below = here.getBoundingClientRect().top - side.getBoundingClientRect().top;
    if (below > side.clientHeight * 0.75) side.scrollTop = below - side.clientHeight * 0.4;
  });

  /* "On this page" marks the section that is read; the way back to the top shows on the way up. */
  ready(() => {
    const links = [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")]
      .map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))])
      .filter(([, section]) => section);
    const up = document.getElementById("pst-back-to-top");
    let marked = null;
    let last = scrollY;
    const update = () => {
      const line = innerHeight * 0.3;
      const tops = links.map(([, section]) => section.getBoundingClientRect().top);
      const y = scrollY;
      const index = tops.findLastIndex((top) => top < line);
      const now = index < 0 ? null : links[index][0];
      if (up && y !== last) up.classList.toggle("shown", y < last && y > innerHeight);
      last = y;
      if (now === marked) return;
      for (const [link, on] of [[marked, false], [now, true]]) {
        if (!link) continue;
        link.classList.toggle("active", on);
        if (on) link.setAttribute("aria-current", "location");
        else link.removeAttribute("aria-current");
      }
      marked = now;
    };
    let waiting = false;
    addEventListener(
      "scroll",
      () => {
        if (waiting) return;
        waiting = true;
        requestAnimationFrame(() => {
          waiting = false;
          update();
        });
      },
      { passive: true }
    );
    up?.addEventListener("click", () => {
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      scrollTo({ top: 0, behavior: calm ? "instant" : "smooth" });
      document.getElementById("main-content")?.focus({ preventScroll: true });
    });
    requestAnimationFrame(update);
  });

  /* A button beside each block of code copies it. */
  const copied = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      const field = document.createElement("textarea"); // the old way, for a plain http address
      field.value = text;
      field.className = "visually-hidden";
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      return done;
    }
  };
  ready(() => {
    for (const block of document.querySelectorAll("div.highlight > pre")) {
      if (block.closest(".cell_output")) continue; // a result, not something to run
      const button = document.createElement("button");
      const icon = document.createElement("i");
      let rest = 0;
      icon.className = "fa-copy";
      icon.setAttribute("aria-hidden", "true");
      button.type = "button";
      button.className = "copybtn";
      button.title = "Copy";
      button.setAttribute("aria-label", "Copy the code");
      button.append(icon);
      block.after(button);
      button.addEventListener("click", async () => {
        const done = await copied(block.textContent.replace(/\n$/, ""));
        const focused = document.activeElement === document.body;
        if (focused) button.focus({ preventScroll: true });
        icon.className = done ? "fa-check" : "fa-xmark";
        button.classList.toggle("success", done);
        say(done ? "Copied" : "Copying failed");
        clearTimeout(rest);
        rest = setTimeout(() => {
          icon.className = "fa-copy";
          button.classList.remove("success");
        }, 2000);
      });
    }
  });

  /* Whatever scrolls sideways can be reached and moved by keyboard, and has a name. */
  ready(() => {
    const kinds = [
      [".table-scroll, .pst-scrollable-table-container", "region", "Table"],
      ["main div.math", "group", "Equation"],
      ["main .highlight pre", "group", "Code or output"],
    ];
    const known = new WeakMap();
    const update = () => {
      const found = kinds.flatMap(([selector, role, name]) =>
        [...document.querySelectorAll(selector)].map((element, index) => [
          element,
          role,
          `${name} ${index + 1}, scrolls sideways`,
          element.scrollWidth > element.clientWidth + 1,
        ])
      ); // all is measured before anything is changed, so that the page is laid out once
      for (const [element, role, label, scrolls] of found) {
        if (known.get(element) === scrolls) continue;
        if (scrolls) {
          element.tabIndex = 0;
          element.setAttribute("role", role);
          element.setAttribute("aria-label", label);
        } else if (known.has(element)) {
          for (const attribute of ["tabindex", "role", "aria-label"])
            element.removeAttribute(attribute);
        }
        known.set(element, scrolls);
      }
    };
    new ResizeObserver(update).observe(document.body);
    document.addEventListener("toggle", update, true); // an unfolded block
    document.addEventListener("click", () => setTimeout(update));
    document.fonts.ready.then(update);
  });

  /* On paper nothing can be unfolded: what is folded is opened, and closed again afterwards.
     Options of a question and the data behind a figure stay as they are. */
  ready(() => {
    const stays = ".sc-option, .slider-data, .figure-description, [data-print='closed'], nav details";
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not([open])")].filter(
        (fold) => !fold.matches(stays)
      );
      for (const fold of opened) fold.open = true;
    });
    addEventListener("afterprint", () => {
      for (const fold of opened) fold.open = false;
      opened = [];
    });
  });
})();
