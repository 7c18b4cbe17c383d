// Every optimizer against every other: how probably a run of one is better than a run of the other, with the verdict.
page.chart("pairs", (section, { scroll, detail, says }) => {
  const { data, element, number, two, counted, filled } = page, words = data.words.pairs;
  const MOST = 30;
  const duels = new Map(data.pairs.map((names, i) => {
    const [problems, better, worse, a12, low, high, p, adjusted] = page.row("pairs_values", i);
    return [names.map((name) => page.placeOf.get(name)).join(),
      { problems, better, worse, a12, low, high, p, adjusted, verdict: data.pairs_verdicts[i] }];
  }));
  const short = (o) => page.shortened(data.optimizers[o].name, 60);
  const label = (o) => element("span", { title: short(o) }, short(o),
    element("i", { className: "failed", textContent: data.optimizers[o].failed && data.words.failed }));

  function tell(a, b) {
    const { problems, better, worse, a12, low, high, p, adjusted, verdict } = duels.get(`${a},${b}`);
    const [first, second] = [a, b].map((o) => element("b", { textContent: short(o) }));
    const interval = Number.isNaN(low) ? "" : ` ${filled(data.words.interval, two(low), two(high))}`;
    const failed = [a, b].map((o) => data.optimizers[o].failed && ` ${short(o)}: ${data.optimizers[o].failed}.`);
    detail.replaceChildren(first, ` ${words.verdicts[verdict]} `, second, filled(words.better, two(a12) + interval)
      + filled(words.median, better, worse, counted(problems, "problem")) + (Number.isNaN(p) ? words.untested
      : filled(words.tested, number(p), counted(data.pairs_tests, "pair"), number(adjusted))), ...failed);
  }

  function cell(a, b, place) {
    const duel = duels.get(`${a},${b}`);
    if (!duel || Number.isNaN(duel.a12)) return element("td", { className: "self" });
    const side = duel.a12 > 0.5 ? "better" : duel.a12 < 0.5 ? "worse" : "", show = () => tell(a, b);
    const button = page.button({ textContent: two(duel.a12).replace(/^0/, ""),
      className: `${side}${duel.verdict ? " significant" : ""}`, tabIndex: -1, onfocus: show, onpointerenter: show,
      "data-place": place, "aria-label": `${short(a)} ${words.verdicts[duel.verdict]} ${short(b)}: ${two(duel.a12)}` });
    button.style.setProperty("--strength", Math.min(1, Math.abs(duel.a12 - 0.5) * 2));
    return element("td", {}, button);
  }

  // one of its cells is in the order of tabs; the arrow keys go from it to the others
  scroll.addEventListener("keydown", (event) => {
    const move = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const from = event.target.dataset.place?.split(",").map(Number);
    if (!move || !from) return;
    event.preventDefault();
    for (let [i, j] = from, step = 0; step < MOST; step++) {
      [i, j] = [i + move[0], j + move[1]];
      const next = scroll.querySelector(`button[data-place="${i},${j}"]`);
      if (!next) continue;
      event.target.tabIndex = -1;
      next.tabIndex = 0;
      return next.focus();
    }
  });

  return () => {
    const selected = page.optimizers().filter((a) => page.optimizers().some((b) => duels.has(`${a},${b}`)));
    const mean = (o) => {
      const values = selected.map((b) => duels.get(`${o},${b}`)?.a12).filter((x) => x >= 0);
      return values.reduce((sum, x) => sum + x, 0) / values.length;
    };
    const ranked = selected.toSorted((a, b) => mean(b) - mean(a)).slice(0, MOST);
    says.textContent = "";
    if (page.say(section, ranked.length > 1 ? "" : "Nothing to compare: select two optimizers or more.")) return;
    says.textContent = (selected.length > MOST ? `The first ${MOST} of ${selected.length}. ` : "") + data.pairs_caption;
    const heads = ranked.map((o) => element("th", { scope: "col" }, label(o)));
    scroll.replaceChildren(page.table("duels", [element("th"), ...heads], ranked.map((a, i) => {
      const head = element("th", { scope: "row" }, page.dot(data.optimizers[a]), label(a));
      return [head, ...ranked.map((b, j) => cell(a, b, `${i},${j}`))];
    })));
    scroll.querySelector("button")?.setAttribute("tabindex", "0");
    detail.textContent = "Point at a number, or go to it with Tab and the arrow keys, to read what is behind it.";
  };
});
