// Performance profiles (expected runtime over that of the best of those selected) and data profiles (over dim + 1).
page.chart("profiles", (section, { controls, plot, says }) => {
  const { data, number, percent, counted } = page;
  const KINDS = [["performance", "of performance: against the best of those selected"],
    ["data", "of data: cost over dim + 1"]];
  const kind = page.choice(controls, "Profile", "profiles.kind", () => KINDS);
  const visible = page.legend(section);

  // whether an optimizer was asked for a target, at a cost that is known
  const asked = (price, { c, slot }, o) => (
    page.value("planned", price, c, o) > 0 && page.value("posed", c, o, slot) > 0);
  const ert = (price, { c, slot }, o) => page.value("ert", price, c, o, slot);

  // every (problem, dim, target) that one of these was asked for, those that the starts meet only if wanted: its cell
  // and the least expected runtime
  function pairs(price, optimizers, met) {
    const goals = page.cells().flatMap((c) => data.cells[c].targets.map((_, slot) => ({ c, slot, best: Infinity })));
    return goals.filter((goal) => {
      const runners = optimizers.filter((o) => asked(price, goal, o));
      const runtimes = runners.map((o) => ert(price, goal, o)).filter((runtime) => !Number.isNaN(runtime));
      goal.best = Math.min(...runtimes, Infinity);
      return runners.length && (goal.best > 0 || met);
    });
  }

  // the sorted ratios of one optimizer, of how many pairs
  function curve(price, all, o, ratio) {
    const goals = all.filter((goal) => asked(price, goal, o));
    const ratios = goals.map((goal) => ratio(ert(price, goal, o), goal)).filter(Number.isFinite);
    return { o, ratios: Float64Array.from(ratios).sort(), of: goals.length };
  }

  const within = (ratios, most) => ratios.filter((ratio) => ratio <= most).length;

  function remark({ ratios, of }, performance, every) {
    const reached = `${percent(ratios.length / of)} reached`;
    const over = of < every ? `over ${of} of ${every} targets; ` : "";
    if (!performance) return over + reached;
    const half = Math.ceil(of / 2);
    const median = ratios.length >= half ? `, median ${number(ratios[half - 1])} × the best` : "";
    return `${over}best on ${percent(within(ratios, 1 + 1e-6) / of)}, ${reached}${median}`;
  }

  return () => {
    says.textContent = "";
    const price = page.price(), performance = kind() === "performance";
    const all = pairs(price, page.optimizers(), !performance);
    const ratio = (runtime, { best, c }) => runtime / (performance ? best : data.cells[c].dim + 1);
    const curves = page.optimizers().map((o) => curve(price, all, o, ratio)).filter(({ of }) => of > 0);
    const ends = curves.flatMap(({ ratios }) => [ratios.find((x) => x > 0), ratios.at(-1)]).filter((x) => x > 0);
    const nothing = "Nothing to draw: none of those selected reached a target beyond its start.";
    if (page.say(section, ends.length ? "" : nothing)) return;
    const start = performance ? 1 : Math.min(...ends), end = Math.max(...ends, start * 1.1) * 1.05;
    const byOptimizer = new Map(curves.map((each) => [each.o, each]));
    const area = (o) => { // under the curve
      const { ratios, of } = byOptimizer.get(o);
      return ratios.reduce((sum, x) => sum + Math.log(end / Math.max(x, start)), 0) / of;
    };
    const items = page.optimizerItems([...byOptimizer.keys()], (o) => -area(o),
      (o) => remark(byOptimizer.get(o), performance, all.length));
    const traces = visible(items).map((item) => {
      const { ratios, of } = byOptimizer.get(item.o), before = within(ratios, start), after = [...ratios.slice(before)];
      const k = [before, ...after.map((_, i) => before + i + 1), ratios.length];
      const points = { x: [start, ...after, end], y: k.map((n) => n / of), customdata: k.map((n) => [n, of]) };
      return page.trace({ ...item, style: { ...item.style, shape: "hv" } }, points,
        `within %{x:.3~g}${performance ? " × the best" : ""}<br>`
          + "%{y:.1%}: %{customdata[0]} of %{customdata[1]} targets");
    });
    const text = performance ? "expected runtime / the least of those selected"
      : `expected runtime / (dim + 1), ${data.prices[price].title}`;
    const axis = page.scale() === "linear" ? { range: [performance ? 1 : 0, end] }
      : { ...page.logAxis, dtick: end > 100 * start ? 1 : "D2", range: [Math.log10(start), Math.log10(end)] };
    page.plot(plot, traces, { xaxis: { title: { text }, ...axis }, yaxis: page.fractionAxis("targets reached") });
    const problems = new Set(all.map(({ c }) => c)).size, none = all.filter(({ best }) => best === Infinity).length;
    const relative = performance ? `, relative to ${counted(curves.length, "optimizer")}` : "";
    says.textContent = `${counted(all.length, "target")} of ${counted(problems, "problem")} (each dim counts)`
      + `${relative}${none ? `; ${none} of them none reached` : ""}.`;
  };
});
