/* The figures with sliders: each figure.slider-figure moves to where its sliders stand.

   Everything a slider can show is in the figure's own data block: the words of the stops,
   the sentences, and a frame for each combination of stops. A figure that this script does
   not understand keeps its drawing, its sentence and its table, and shows no slider.
   A notebook holds a copy below each figure, so the script may run more than once. */
(() => {
  const attached = (globalThis.bondSliders ??= new WeakSet());
  const PAUSE = 400; // ms without a movement before the sentence is read out

  const set = (mark, values) => {
    for (const [key, value] of Object.entries(values)) mark.setAttribute(key, value);
  };
  const move = (mark, x) => {
    set(mark, { visibility: x === null ? "hidden" : "visible" });
    if (x !== null) set(mark, { transform: `translate(${x} 0)` });
  };
  // The bars of a histogram between two places of its axis.
  const outline = ({ x, base }, tall, from, to) =>
    tall.reduce(
      (d, high, k) =>
        x[k + 1] <= from || x[k] >= to ? d : `${d}V${base - high}H${Math.min(x[k + 1], to)}`,
      `M${from} ${base}`,
    ) + `V${base}Z`;

  // How a frame is drawn, for each kind of figure.
  const kinds = {
    lines(part, { on, off }, [needle, ...lines], [at]) {
      move(part("needle")[0], needle);
      part("bar").forEach((bar, k) => set(bar, { fill: k === at ? on : off }));
      part("range").forEach((bar, k) => set(bar, { x: lines[k][0], width: lines[k][1] }));
      part("point").forEach((mark, k) => move(mark, lines[k][2]));
      part("middle").forEach((mark, k) => move(mark, lines[k][3]));
    },
    histogram(part, data, [levels, low, high, mark], [, second]) {
      const tall = [...levels].map((level) => (level.charCodeAt(0) - data.zero) * data.unit);
      const [left, right] = [data.x[0], data.x[data.x.length - 1]];
      set(part("all")[0], { d: outline(data, tall, left, right) });
      set(part("beyond")[0], {
        d: outline(data, tall, left, low) + outline(data, tall, high, right),
      });
      set(part("band")[0], { x: low, width: (high - low).toFixed(1) });
      move(part("needle")[0], data.at[second]);
      move(part("mark")[0], mark);
    },
    bars(part, { decimals, zero, unit }, numbers) {
      const values = numbers?.map((number) => number / 10 ** decimals);
      set(part("forbidden")[0], { visibility: values ? "hidden" : "visible" });
      part("bar").forEach((bar, k) => {
        const long = values ? values[k] * unit : 0;
        set(bar, { x: (zero + Math.min(long, 0)).toFixed(1), width: Math.abs(long).toFixed(1) });
      });
      part("number").forEach((mark, k) => {
        mark.textContent = values ? values[k].toFixed(decimals).replace("-", "\u2212") : "\u2013";
      });
    },
  };

  const attach = (figure) => {
    const part = (name) => [...figure.querySelectorAll(`[data-part="${name}"]`)];
    const data = JSON.parse(part("data")[0].textContent);
    const { stops, labels, said, texts, fields, frames } = data;
    const draw = kinds[figure.dataset.kind];
    const [spoken] = part("spoken"), sliders = part("slider");
    const start = sliders.map((slider) => slider.defaultValue);
    const counts = sliders.map((slider, k) => stops[k].length);
    if (frames.length !== counts.reduce((product, count) => product * count, 1))
      throw new Error("frames are missing");

    const show = () => {
      const at = sliders.map((slider) => Number(slider.value));
      const row = at.reduce((sum, i, k) => sum * counts[k] + i, 0);
      const stands = at.map((i, k) => stops[k][i]);
      const words = said[frames[row] ? 0 : 1];
      const sentence = words.map((word, k) => word + (texts[fields[row][k]] ?? "")).join("");
      draw(part, data, frames[row], at);
      sliders.forEach((slider, k) => set(slider, { "aria-valuetext": stands[k] }));
      part("stop").forEach((mark, k) => { mark.textContent = stands[k]; });
      part("stands").forEach((mark) => {
        mark.textContent = labels.map((label, k) => `${label}: ${stands[k]}`).join("; ") + ".";
        mark.classList.add("on-paper"); // the sliders show it on a screen
      });
      part("said")[0].textContent = sentence;
      return sentence;
    };
    const back = () => sliders.forEach((slider, k) => { slider.value = start[k]; });
    const controls = (hidden) => part("control").forEach((control) => { control.hidden = hidden; });

    let timer;
    const change = () => {
      clearTimeout(timer);
      try {
        const sentence = show();
        timer = setTimeout(() => { spoken.textContent = sentence; }, PAUSE);
      } catch (error) {
        complain(figure, error);
        back();
        show();
        controls(true);
      }
    };
    show();
    sliders.forEach((slider) => {
      slider.addEventListener("input", change);
      // Whoever reads on finds the sentence once, where it is seen.
      slider.addEventListener("blur", () => { clearTimeout(timer); spoken.textContent = ""; });
    });
    part("reset")[0].addEventListener("click", () => { back(); change(); });
    controls(false);
  };

  const complain = (figure, error) =>
    console.warn(`The sliders of the figure ${figure.id} do not work: ${error.message}`);
  const run = () => {
    for (const figure of document.querySelectorAll("figure.slider-figure")) {
      if (attached.has(figure)) continue;
      attached.add(figure);
      try {
        attach(figure);
      } catch (error) {
        complain(figure, error);
      }
    }
  };
  run();
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", run);
})();
