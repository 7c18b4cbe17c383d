// Performance profiles (expected runtime over that of the best of those selected) and data profiles (over dim + 1).
page.figure("profiles", (section, { controls }) => {
  const { data, number, percent, counted } = page;
  const kind = page.choice(controls, "Profile", "profiles.kind", () => [
    ["performance", "of performance: against the best of those selected"], ["data", "of data: cost over dim + 1"]]);
  const visible = page.legend(section);

  // whether an optimizer was asked for a target, at a cost that is known
  const asked = (price, { c, slot }, o) => (
    page.value("planned", price, c, o) > 0 && page.value("posed", c, o, slot) > 0);
  const ert = (price, { c, slot }, o) => page.value("ert", price, c, o, slot);

  // every (problem, dim, target) that one of these was asked for, those that the starts meet only if wanted: its cell
  // and the least expected runtime
  function goalsOf(price, optimizers, met) {
    const goals = page.cells().flatMap((c) => data.cells[c].targets.map((_, slot) => ({ c, slot, best: Infinity })));
    return goals.filter((goal) => {
      const runners = optimizers.filter((o) => asked(price, goal, o));
      goal.best = Math.min(Infinity, ...runners.map((o) => ert(price, goal, o)).filter((runtime) => runtime >= 0));
      return runners.length && (goal.best > 0 || met);
    });
  }

  const within = (ratios, most) => ratios.filter((ratio) => ratio <= most).length;

  function remark({ ratios, of }, performance, every) {
    const over = of < every ? `over ${of} of ${every} targets; ` : "", reached = percent(ratios.length / of);
    if (!performance) return `${over}${reached} reached`;
    const half = Math.ceil(of / 2);
    const median = ratios.length >= half ? `, median ${number(ratios[half - 1])} × the best` : "";
    return `${over}best on ${percent(within(ratios, 1 + 1e-6) / of)}, ${reached} reached${median}`;
  }

  return () => {
    const price = page.price(), performance = kind() === "performance";
    const all = goalsOf(price, page.optimizers(), !performance);
    const curves = page.optimizers().map((o) => {
      const goals = all.filter((goal) => asked(price, goal, o));
      const ratios = goals.map((goal) => ert(price, goal, o) / (performance ? goal.best : data.cells[goal.c].dim + 1));
      return { o, ratios: ratios.filter(Number.isFinite).sort((a, b) => a - b), of: goals.length };
    }).filter(({ of }) => of > 0);
    const ends = curves.flatMap(({ ratios }) => [ratios.find((x) => x > 0), ratios.at(-1)]).filter((x) => x > 0);
    if (!ends.length) return "Nothing to draw: none of those selected reached a target beyond its start.";
    const start = performance ? 1 : Math.min(...ends), end = Math.max(...ends, start * 1.1) * 1.05;
    const area = ({ ratios, of }) => ratios.reduce((sum, x) => sum + Math.log(end / Math.max(x, start)), 0) / of;
    const items = page.items(curves, (each) => -area(each), (each) => remark(each, performance, all.length));
    const traces = visible(items).map((item) => {
      const { ratios, of } = item, before = within(ratios, start);
      const after = ratios.slice(before).map((x, i) => [x, before + i + 1]);
      const points = [[start, before], ...after, [end, ratios.length]].map(([x, k]) => [x, k / of, k, of]);
      return page.steps(item, points, `within %{x:.3~g}${performance ? " × the best" : ""}<br>`
        + "%{y:.1%}: %{customdata[0]} of %{customdata[1]} targets");
    });
    const text = performance ? "expected runtime / the least of those selected"
      : `expected runtime / (dim + 1), ${data.prices[price].title}`;
    const axis = page.scale() === "linear" ? { range: [performance ? 1 : 0, end] }
      : { ...page.logAxis, dtick: end > 100 * start ? 1 : "D2", range: [Math.log10(start), Math.log10(end)] };
    const problems = new Set(all.map(({ c }) => c)).size, none = all.filter(({ best }) => best === Infinity).length;
    const relative = performance ? `, relative to ${counted(curves.length, "optimizer")}` : "";
    return { traces, xaxis: { title: { text }, ...axis }, yaxis: page.fractionAxis("targets reached"),
      says: `${counted(all.length, "target")} of ${counted(problems, "problem")} (each dim counts)`
        + `${relative}${none ? `; ${none} of them none reached` : ""}.` };
  };
});
