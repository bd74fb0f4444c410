/* The self-checks: each question becomes a form with a choice, a check, and a score.

   Without this script every option unfolds to its feedback. The answers stay in this
   browser: under bond-quiz-CHAPTER, for each question, whether the first try was right
   and which options were checked, in order. */
(() => {
  const PREFIX = "bond-quiz-";
  const memory = new Map(); // where the browser keeps nothing
  let keeps = true;

  const isAnswer = (answer) =>
    typeof answer?.right === "boolean" && Array.isArray(answer.chosen) &&
    answer.chosen.length > 0 && answer.chosen.every((i) => Number.isInteger(i) && i >= 0);

  const read = (name) => {
    let text = null;
    try {
      text = localStorage.getItem(PREFIX + name);
    } catch {
      keeps = false;
    }
    try {
      const found = Object.entries(JSON.parse(text ?? memory.get(name) ?? "{}"));
      return Object.fromEntries(found.filter(([, answer]) => isAnswer(answer)));
    } catch {
      return {}; // what stands there is not ours
    }
  };
  const write = (name, answers) => {
    const text = JSON.stringify(answers);
    try {
      localStorage.setItem(PREFIX + name, text);
      memory.delete(name);
    } catch {
      keeps = false;
      memory.set(name, text);
    }
  };
  const forget = (...names) => {
    for (const name of names) {
      memory.delete(name);
      try {
        localStorage.removeItem(PREFIX + name);
      } catch {
        keeps = false;
      }
    }
  };
  const forgetAll = () => {
    let names = [];
    try {
      names = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      keeps = false;
    }
    forget(...names.map((key) => key.slice(PREFIX.length)));
  };

  const made = (tag, className, ...children) => {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  };
  const button = (text) => Object.assign(made("button", "", text), { type: "button" });
  // A formula is read from its MathML alone.
  const words = (element) => {
    const copy = element.cloneNode(true);
    copy.querySelectorAll(".katex-html, annotation").forEach((part) => part.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };

  /* One question: its options become radio buttons, its feedback stays folded away. */
  const asForm = (question) => {
    const fieldset = made("fieldset", "");
    const stem = question.querySelector("p");
    fieldset.append(made("legend", "", ...stem.childNodes));
    stem.remove();
    const options = [...question.querySelectorAll("details.sc-option")].map((details, i) => {
      const input = Object.assign(document.createElement("input"), {
        type: "radio", name: question.id, value: String(i), required: true, autocomplete: "off",
      });
      const feedback = details.querySelector(".sc-feedback");
      const label = made("label", "", input, details.querySelector(".sc-text"));
      fieldset.append(made("div", "sc-choice", label, feedback));
      feedback.hidden = true;
      details.remove();
      return { input, feedback, right: feedback.classList.contains("correct") };
    });
    fieldset.append(made("button", "", "Check"));
    const form = made("form", "sc-form", fieldset);
    form.autocomplete = "off";
    question.append(form);
    return { id: question.id, form, options };
  };

  const attach = (box) => {
    const name = box.id.replace(/^selfcheck-/, "");
    const questions = [...box.querySelectorAll(".sc-question")].map(asForm);
    const score = made("strong", ""), place = made("span", "");
    const over = button("Start over");
    const spoken = made("p", "sc-spoken");
    spoken.setAttribute("role", "status");
    const line = made("p", "sc-score", made("span", "", score, " ", place), over);
    const key = box.querySelector(".sc-key");
    if (key) key.before(line, spoken);
    else box.append(line, spoken);

    const show = () => {
      const answers = read(name);
      let answered = 0, right = 0;
      for (const { id, options } of questions) {
        const chosen = answers[id]?.chosen ?? [];
        answered += chosen.length > 0;
        right += answers[id]?.right ?? false;
        options.forEach(({ feedback }, i) => { feedback.hidden = !chosen.includes(i); });
      }
      const rest = answered < questions.length ? `, ${answered} answered so far.` : ".";
      score.textContent = `${right} of ${questions.length} right on the first try${rest}`;
      place.textContent = keeps
        ? "The score stays in this browser."
        : "This browser keeps no score: it is gone when you leave the page.";
      over.hidden = answered === 0;
      return answers;
    };
    const say = (text) => {
      spoken.textContent = "";
      setTimeout(() => { spoken.textContent = text; }, 50); // the same text is said again
    };

    for (const { id, form, options } of questions) {
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const i = options.findIndex(({ input }) => input.checked);
        if (i < 0) return;
        const answers = read(name); // another tab may have added to them
        const answer = (answers[id] ??= { right: options[i].right, chosen: [] });
        if (!answer.chosen.includes(i)) answer.chosen.push(i);
        write(name, answers);
        show();
        say(`${words(options[i].feedback)} ${score.textContent}`);
      });
    }
    over.addEventListener("click", () => {
      forget(name);
      questions.forEach(({ form }) => form.reset());
      show();
      say("All answers of this chapter are forgotten.");
      questions[0].options[0].input.focus();
    });
    const answers = show();
    for (const { id, options } of questions) {
      const last = options[answers[id]?.chosen.at(-1)];
      if (last) last.input.checked = true;
    }
    return show;
  };

  /* The page for students: every chapter's score. */
  const overview = (box) => {
    const part = (name) => box.querySelector(`[data-part="${name}"]`);
    const rows = [...box.querySelectorAll("tr[data-quiz]")];
    const show = () => {
      let answered = 0, right = 0;
      for (const row of rows) {
        const answers = Object.values(read(row.dataset.quiz));
        const first = answers.filter((answer) => answer.right).length;
        row.cells[1].textContent = answers.length ? `${answers.length} of ${row.dataset.count}` : "none";
        row.cells[2].textContent = answers.length ? first : "";
        answered += answers.length;
        right += first;
      }
      part("answered").textContent = `${answered} of ${part("answered").dataset.count}`;
      part("right").textContent = right;
      part("scores").hidden = answered === 0;
      part("none").hidden = answered > 0;
      if (!keeps) part("none").textContent = "This browser keeps no answers for this site.";
      box.hidden = false;
    };
    part("forget").addEventListener("click", () => {
      if (!confirm("Forget your answers to the self-checks of all chapters?")) return;
      forgetAll();
      show();
      part("none").focus();
    });
    show();
    return show;
  };

  const run = () => {
    const shows = [
      ...[...document.querySelectorAll("div.selfcheck")].map(attach),
      ...[...document.querySelectorAll("div.selfcheck-overview")].map(overview),
    ];
    const all = () => shows.forEach((show) => show());
    addEventListener("storage", ({ key }) => {
      if (key === null || key.startsWith(PREFIX)) all(); // another tab
    });
    // Back from another page or window.
    addEventListener("pageshow", ({ persisted }) => { if (persisted) all(); });
    document.addEventListener("visibilitychange", all);
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", run);
  else run();
})();
