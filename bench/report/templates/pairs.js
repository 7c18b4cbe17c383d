// Every optimizer against every other: how probably a run of one is better than a run of the other, and how sure that is.
page.chart("pairs", (section) => {
  const { data, element, number } = page;
  const SURE = 0.05, MOST = 30, FIELDS = ["problems", "better", "worse", "a12", "low", "high", "p", "adjusted"];
  const optimizerOf = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const duels = new Map(); // "o,rival"
  (data.pairs ?? []).forEach(([optimizer, rival], i) => {
    const values = page.array("pairs_values").values.slice(FIELDS.length * i, FIELDS.length * (i + 1));
    const one = Object.fromEntries(FIELDS.map((field, k) => [field, values[k]]));
    duels.set([optimizer, rival].map((name) => optimizerOf.get(name)).join(), one);
  });
  if (!duels.size) return () => page.show(section, false);
  const every = [...duels.values()].filter(({ p }) => !Number.isNaN(p)).length / 2; // each stands there both ways
  const [box, detail, says] = [".scroll", ".detail", ".says"].map((name) => section.querySelector(name));
  const label = (o) => data.optimizers[o].name;
  const short = (name) => (name.length > 60 ? `${name.slice(0, 59)}…` : name);

  function told(a, b) {
    const { problems, better, worse, a12, low, high, p, adjusted } = duels.get(`${a},${b}`);
    const verdict = adjusted <= SURE ? (a12 > 0.5 ? "surely better than" : "surely worse than") : "not surely better or worse than";
    detail.replaceChildren(element("b", { textContent: short(label(a)) }), ` is ${verdict} `, element("b", { textContent: short(label(b)) }),
      `: a run of the first is the better one with probability ${a12.toFixed(2)}${Number.isNaN(low) ? "" : ` [${low.toFixed(2)}, ${high.toFixed(2)}]`}. ` +
      `Its median is better on ${better} and worse on ${worse} of ${page.counted(problems, "problem")}; ` +
      (Number.isNaN(p) ? "all runs of one of them were skipped: there is no test." : `p = ${number(p)}, corrected for ${page.counted(every, "pair")} ${number(adjusted)}.`));
  }

  function cell(a, b, place) {
    if (a === b) return element("td", { className: "self" });
    const duel = duels.get(`${a},${b}`);
    if (!duel || Number.isNaN(duel.a12)) return element("td", { className: "self" });
    const side = duel.a12 > 0.5 ? "better" : duel.a12 < 0.5 ? "worse" : "";
    const sure = duel.adjusted <= SURE;
    const button = element("button", {
      type: "button", className: `${side}${sure ? " sure" : ""}`, textContent: duel.a12.toFixed(2).replace(/^0/, ""), tabIndex: -1,
      "aria-label": `${short(label(a))} against ${short(label(b))}: ${duel.a12.toFixed(2)}${sure ? ", sure" : ""}`,
      onfocus: () => told(a, b), onpointerenter: () => told(a, b),
    });
    button.style.setProperty("--strength", Math.min(1, Math.abs(duel.a12 - 0.5) * 2));
    button.dataset.place = place;
    return element("td", {}, button);
  }

  // one of its cells is in the order of tabs; the arrow keys go from it to the others
  box.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const from = event.target.dataset.place?.split(",").map(Number);
    if (!move || !from) return;
    event.preventDefault();
    for (let [i, j] = from, step = 0; step < MOST; step++) {
      [i, j] = [i + move[0], j + move[1]];
      const next = box.querySelector(`button[data-place="${i},${j}"]`);
      if (!next) continue;
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      return next.focus();
    }
  });

  return () => {
    says.textContent = "";
    const chosen = page.optimizers();
    const mean = (o) => { const own = chosen.map((b) => duels.get(`${o},${b}`)?.a12).filter((x) => x >= 0); return own.reduce((sum, x) => sum + x, 0) / own.length; };
    const known = chosen.filter((o) => chosen.some((b) => duels.has(`${o},${b}`)));
    const some = known.map((o) => [o, mean(o)]).sort((a, b) => b[1] - a[1]).slice(0, MOST).map(([o]) => o);
    page.say(section, some.length > 1 ? "" : "Nothing to compare: select two optimizers or more.");
    if (some.length < 2) return;
    const head = element("tr", {}, element("th"), ...some.map((o) => element("th", { scope: "col" }, element("span", { textContent: short(label(o)), title: short(label(o)) }))));
    const lines = some.map((a, i) => element("tr", {}, element("th", { scope: "row" }, page.dot(data.optimizers[a]), element("span", { textContent: short(label(a)), title: short(label(a)) })), ...some.map((b, j) => cell(a, b, `${i},${j}`))));
    box.replaceChildren(element("table", { className: "duels" }, element("thead", {}, head), element("tbody", {}, ...lines)));
    const start = box.querySelector("button");
    if (start) start.tabIndex = 0;
    detail.textContent = "Point at a number, or go to it with Tab and the arrow keys, to read what is behind it.";
    const few = [...duels.values()].some(({ low }) => Number.isNaN(low));
    const most = Math.max(...[...duels.values()].map(({ problems }) => problems)), least = 2 * 0.5 ** most * every; // adjusted, of a rank test
    says.textContent = `${every && least > SURE ? `With ${page.counted(most, "problem")} no difference can be sure among so many pairs. ` : ""}${known.length > MOST ? `The first ${MOST} of ${known.length} optimizers. ` : ""}${few ? "Where there are fewer than 5 seeds, no interval is given. " : ""}${every ? `Corrected for all ${page.counted(every, "pair")} of this report (Holm 1979).` : "There is no test: no two optimizers ran."}`;
  };
});
