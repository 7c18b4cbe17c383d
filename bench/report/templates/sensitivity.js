// What became of the values of a hyperparameter: of those that were run, and of those that tuning tried.
page.chart("sensitivity", (section) => {
  const { data } = page;
  const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7f7f7f"];
  const optimizerOf = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const panels = new Map([
    ...(data.sensitivity ?? []).map((one) => [`${one.hyperparameter}: ${one.problem}, dim ${one.dim}`, { tuning: one }]),
    ...(data.settings ?? []).map((one) => [`${one.name}: ${one.key}`, { run: one }]),
  ]);
  if (!panels.size) return () => page.show(section, false);
  const solved = page.array("solved"), planned = page.array("planned");
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const panel = page.choice(controls, "Hyperparameter", "sensitivity.panel", () => [...panels.keys()].map((name) => [name, name]));
  const shown = page.legend(section, 24);
  const shownValue = (value) => (typeof value === "string" ? page.escaped(value) : value);
  const axis = { log: { type: "log", exponentformat: "power", dtick: 1 }, linear: {}, choice: { type: "category" } };

  // the mean, over the logarithm of cost, of the share of targets solved on some cells; and of how many pairs
  function area(o, cells) {
    const price = page.price(), steps = solved.shape[3];
    let sum = 0, of = 0;
    for (const c of cells) {
      const place = page.at(solved.shape, price, c, o);
      of += planned.values[page.at(planned.shape, price, c, o)];
      for (let g = 0; g < steps; g++) sum += solved.values[place + g];
    }
    return [of ? sum / steps / of : NaN, of];
  }

  function ofRuns({ name, key, scale, lines }) {
    const chosen = new Set(page.optimizers()), cells = page.cells();
    const groups = page.families().map((f) => [data.families[f], cells.filter((c) => data.cells[c].family === data.families[f])]);
    const all = groups.length > 1 ? [["all selected families", cells]] : [];
    const { colors } = page.theme();
    const items = [...all, ...groups].map(([title, members], i) => ({
      id: title, name: title, order: -1, rank: i, remark: "", members,
      style: i < all.length ? { color: colors.ink, dash: "solid", width: 3 } : { color: INKS[(i - all.length) % INKS.length], dash: Object.keys(DASHES)[(i - all.length) % 5], width: 2 },
    }));
    const traces = shown(items).flatMap((item) => lines.map((line) => {
      const points = line.map(([value, label]) => ({ value, label, o: optimizerOf.get(label) })).filter(({ o }) => chosen.has(o));
      const found = points.map((point) => ({ ...point, area: area(point.o, item.members) })).filter((point) => point.area[1] > 0);
      return {
        type: "scatter", mode: "lines+markers", name: page.escaped(item.name), x: found.map(({ value }) => shownValue(value)), y: found.map((point) => point.area[0]),
        line: item.style, marker: { size: 8, color: item.style.color }, customdata: found.map((point) => [page.escaped(point.label), point.area[1]]),
        hovertemplate: "<b>%{customdata[0]}</b><br>%{fullData.name}: %{y:.1%}<br>mean over %{customdata[1]} pairs of run and target<extra></extra>",
      };
    }));
    page.say(section, traces.some(({ x }) => x.length) ? "" : "Nothing to draw: none of the optimizers with this hyperparameter is selected.");
    const values = [...new Set(lines.flat().map(([value]) => value))];
    const ticks = scale === "choice" || values.length > 8 ? {} : { tickvals: values, ticktext: values.map(String) };
    page.plot(plot, traces, { xaxis: { title: { text: page.escaped(key) }, ...axis[scale], ...ticks }, yaxis: { title: { text: "targets solved, mean" }, rangemode: "tozero", tickformat: ".0%" } });
    says.textContent = `${name} at the values of ${key} that were run: the share of targets solved, its mean over the logarithm of cost (the area under its curve of targets solved), for each family of problems.`;
  }

  function ofTuning({ hyperparameter, kind, scale, curves }) {
    const chosen = new Set(page.optimizers());
    const some = curves.filter(({ optimizer, points }) => chosen.has(optimizerOf.get(optimizer)) && points.length);
    const byOptimizer = new Map(some.map((one) => [optimizerOf.get(one.optimizer), one]));
    const share = (o) => byOptimizer.get(o).share;
    const items = page.optimizerItems([...byOptimizer.keys()], (o) => -(share(o) ?? 0), (o) => (share(o) === null ? "" : `explains ${Math.round(100 * share(o))} %`));
    const traces = shown(items, { mark: true }).map((item) => {
      const { points } = byOptimizer.get(item.o);
      const look = { "": [MARKS[item.style.dash][0], 7], default: ["diamond", 12], tuned: ["star", 15] };
      return {
        type: "scatter", mode: "markers", name: page.escaped(item.name), x: points.map(([value]) => shownValue(value)), y: points.map((point) => point[1]),
        marker: { color: item.style.color, opacity: 0.85, symbol: points.map((point) => look[point[2]][0]), size: points.map((point) => look[point[2]][1]) },
        customdata: points.map((point) => point[2] || "tried"), hovertemplate: "<b>%{fullData.name}</b><br>%{x}: %{y:.3~g}<br>%{customdata}<extra></extra>",
      };
    });
    page.say(section, traces.length ? "" : "Nothing to draw: none of the optimizers with this hyperparameter is selected.");
    const y = traces.flatMap((trace) => trace.y), least = Math.min(...y);
    const log = least > 0 && Math.max(...y) >= 10 * least;
    page.plot(plot, traces, {
      xaxis: { title: { text: page.escaped(hyperparameter) }, ...axis[scale] },
      yaxis: { title: { text: kind === "gap" ? "f − f_opt" : "f" }, ...(log ? { type: "log", exponentformat: "power" } : {}) },
    });
    const left = some.reduce((sum, one) => sum + one.left, 0);
    says.textContent = "What each setting of the tuning reached by the end of its budget (median over tuning instances and seeds), over one of its hyperparameters; the others differ from point to point. Diamonds: the defaults; " +
      `stars: the best settings. Behind the names, how much of the variance of ranks goes with this hyperparameter alone.${left ? ` Not drawn: ${page.counted(left, "value")}, where runs failed, the value is none, or it is 0 on a logarithmic axis.` : ""}`;
  }

  return () => {
    const { run, tuning } = panels.get(panel());
    if (run) ofRuns(run); else ofTuning(tuning);
  };
});
