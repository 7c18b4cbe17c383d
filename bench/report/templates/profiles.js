// Performance profiles (expected runtime over that of the best of those selected) and data profiles (over dim + 1).
page.chart("profiles", (section) => {
  const { data, number } = page;
  const ert = page.array("ert"), planned = page.array("planned"), posed = page.array("posed");
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const KINDS = [["performance", "of performance: against the best of those selected"], ["data", "of data: cost over dim + 1"]];
  const kind = page.choice(controls, "Profile", "profiles.kind", () => KINDS);
  const shown = page.legend(section);

  // whether an optimizer was asked for a target, at a cost that is known
  const asked = (price, { c, slot }, o) => planned.values[page.at(planned.shape, price, c, o)] > 0 && posed.values[page.at(posed.shape, c, o, slot)] > 0;

  // every (problem, dim, target) that one of these was asked for, those that the starts meet only if wanted: its cell
  // and the least expected runtime
  function pairs(price, cells, some, met) {
    const found = [];
    for (const c of cells) for (let slot = 0; slot < data.cells[c].targets.length; slot++) {
      const of = some.filter((o) => asked(price, { c, slot }, o));
      const runtimes = of.map((o) => ert.values[page.at(ert.shape, price, c, o, slot)]).filter((runtime) => !Number.isNaN(runtime));
      const best = Math.min(...runtimes, Infinity);
      if (of.length && (best > 0 || met)) found.push({ c, slot, best });
    }
    return found;
  }

  // the sorted ratios of one optimizer, of how many pairs
  function curve(price, all, o, ratio) {
    const own = all.filter((pair) => asked(price, pair, o));
    const ratios = own.map((pair) => ratio(ert.values[page.at(ert.shape, price, pair.c, o, pair.slot)], pair)).filter(Number.isFinite);
    return { o, ratios: Float64Array.from(ratios).sort(), of: own.length };
  }

  const within = (ratios, most) => ratios.filter((ratio) => ratio <= most).length;
  const share = (k, n) => (n ? `${Math.round((100 * k) / n)} %` : "-");

  function remark({ ratios, of }, performance, every) {
    const part = of < every ? `over ${of} of ${every} targets; ` : "";
    if (!performance) return `${part}${share(ratios.length, of)} reached`;
    const median = ratios.length * 2 >= of ? `, median ${number(ratios[Math.ceil(of / 2) - 1])} × the best` : "";
    return `${part}best on ${share(within(ratios, 1 + 1e-6), of)}, ${share(ratios.length, of)} reached${median}`;
  }

  return () => {
    says.textContent = "";
    const price = page.price(), some = page.optimizers(), performance = kind() === "performance";
    const all = pairs(price, page.cells(), some, !performance);
    const ratio = performance ? (runtime, { best }) => runtime / best : (runtime, { c }) => runtime / (data.cells[c].dim + 1);
    const curves = some.map((o) => curve(price, all, o, ratio)).filter(({ of }) => of > 0);
    const none = all.filter(({ best }) => best === Infinity).length;
    page.say(section, curves.some(({ ratios }) => ratios.at(-1) > 0) ? "" : "Nothing to draw: none of those selected reached a target beyond its start.");
    const ends = curves.flatMap(({ ratios }) => [ratios.find((x) => x > 0), ratios.at(-1)]).filter((x) => x > 0);
    if (!ends.length) return;
    const start = performance ? 1 : Math.min(...ends), end = Math.max(...ends, start * 1.1) * 1.05;
    const area = ({ ratios, of }) => ratios.reduce((sum, x) => sum + Math.log(end / Math.max(x, start)), 0) / of; // under the curve
    const byOptimizer = new Map(curves.map((one) => [one.o, one]));
    const items = page.optimizerItems(curves.map(({ o }) => o), (o) => -area(byOptimizer.get(o)), (o) => remark(byOptimizer.get(o), performance, all.length));
    const traces = shown(items).map((item) => {
      const { ratios, of } = byOptimizer.get(item.o);
      const before = within(ratios, start), after = ratios.slice(before);
      const x = [start, ...after, end], k = [before, ...[...after].map((_, i) => before + i + 1), ratios.length];
      return {
        type: "scatter", mode: "lines", name: page.escaped(item.name), x, y: k.map((n) => n / of), customdata: k.map((n) => [n, of]),
        line: { ...item.style, shape: "hv" },
        hovertemplate: `<b>%{fullData.name}</b><br>within %{x:.3~g}${performance ? " × the best" : ""}<br>%{y:.1%}: %{customdata[0]} of %{customdata[1]} targets<extra></extra>`,
      };
    });
    const title = performance ? "expected runtime / the least of those selected" : `expected runtime / (dim + 1), ${data.prices[price].title ?? data.prices[price].name}`;
    const linear = page.scale() === "linear";
    const axis = linear ? { range: [performance ? 1 : 0, end] } : { type: "log", exponentformat: "power", dtick: end > 100 * start ? 1 : "D2", range: [Math.log10(start), Math.log10(end)] };
    page.plot(plot, traces, { xaxis: { title: { text: title }, ...axis }, yaxis: { title: { text: "targets reached" }, range: [0, 1.02], tickformat: ".0%" } });
    says.textContent = `${page.counted(all.length, "target")} of ${page.counted(new Set(all.map(({ c }) => c)).size, "problem")} (each dim counts)${performance ? `, relative to ${page.counted(curves.length, "optimizer")}` : ""}` +
      `${none ? `; ${none} of them none reached` : ""}.`;
  };
});
