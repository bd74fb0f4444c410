/* The scoreboard's filter. Without it the whole table stands, and no control shows. */
addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("form.scoreboard-filter");
  if (!form) return;
  const rows = [...document.querySelectorAll("table.scoreboard tr[id]")];
  const bodies = [...document.querySelectorAll("table.scoreboard tbody")];
  const fields = ["study", "kind", "checked", "words"].map((name) => form.elements[name]);
  const [study, kind, checked, words] = fields;
  const count = form.querySelector("output");

  // A true minus or a dash is found by the key that is on the keyboard.
  const plain = (text) => text.toLowerCase().replace(/[\u2212\u2013]/g, "-").replace(/\s+/g, " ");
  const texts = rows.map((row) =>
    plain(`${row.cells[0].textContent} ${row.cells[2].textContent} ${row.cells[3].textContent}`));
  const holds = (field, value) => field.value === "" || field.value === value;

  const show = () => {
    const wanted = plain(words.value).split(" ");
    let found = 0, linked = 0;
    rows.forEach((row, i) => {
      const fits = holds(study, row.parentElement.dataset.study)
        && holds(kind, row.dataset.kind) && holds(checked, row.dataset.checked)
        && wanted.every((word) => texts[i].includes(word));
      const isLinked = `#${row.id}` === location.hash; // stays, or its link would lead nowhere
      found += fits;
      linked += isLinked && !fits;
      row.hidden = !fits && !isLinked;
    });
    bodies.forEach((body) => { body.hidden = !body.querySelector("tr[id]:not([hidden])"); });
    count.textContent = `${found} of ${rows.length} rows${linked ? ", and the linked row" : ""}.`;
  };

  // The address keeps the filter, so that a filtered table can be linked.
  const keep = () => {
    const query = new URLSearchParams(location.search);
    fields.forEach((field) => field.value ? query.set(field.name, field.value) : query.delete(field.name));
    const text = query.toString();
    try {
      history.replaceState(history.state, "", `${location.pathname}${text && "?" + text}${location.hash}`);
    } catch { /* a page opened from a folder may not change its address */ }
  };
  const change = () => { show(); keep(); };

  const query = new URLSearchParams(location.search);
  fields.forEach((field) => {
    const value = query.get(field.name) ?? "";
    field.value = value;
    if (field.value !== value) field.value = ""; // no such choice
  });
  form.addEventListener("input", change);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.querySelector("button").addEventListener("click", () => {
    fields.forEach((field) => { field.value = ""; });
    change();
  });
  addEventListener("hashchange", () => {
    show();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  });
  form.hidden = false;
  show();
});
