// What became of the values of a hyperparameter: of those that were run, and of those that tuning tried.
page.chart("sensitivity", (section, { controls, plot, says }) => {
  const { data } = page;
  const INKS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7f7f7f"];
  const panels = new Map();
  for (const each of data.sensitivity ?? []) {
    panels.set(`${each.hyperparameter}: ${each.problem}, dim ${each.dim}`, () => ofTuning(each));
  }
  for (const each of data.settings ?? []) panels.set(`${each.name}: ${each.key}`, () => ofRuns(each));
  if (!panels.size) return () => page.show(section, false);
  const panel = page.choice(controls, "Hyperparameter", "sensitivity.panel", () => [...panels.keys()]);
  const visible = page.legend(section, 24);
  const none = "Nothing to draw: none of the optimizers with this hyperparameter is selected.";
  const textOf = (value) => (typeof value === "string" ? page.escaped(value) : value);
  const axis = { log: { ...page.logAxis, dtick: 1 }, linear: {}, choice: { type: "category" } };

  // the mean, over the logarithm of cost, of the fraction of targets solved on some cells; and of how many pairs
  function area(o, cells) {
    const price = page.price(), steps = page.array("solved").shape[3];
    const pairs = cells.reduce((sum, c) => sum + page.value("planned", price, c, o), 0);
    const solved = cells.reduce((sum, c) => page.row("solved", price, c, o).reduce((a, b) => a + b, sum), 0);
    return { pairs, mean: solved / steps / pairs };
  }

  function ofRuns(/** @type {Settings} */ { key, scale, lines, caption }) {
    const selected = new Set(page.optimizers()), { ink } = page.theme().colors;
    const line = (id, rank, cells, style) => ({ id, name: id, order: -1, rank, remark: "", cells, style });
    const groups = page.families().map((f, i) => line(data.families[f], i + 1, page.cellsOf(f),
      { color: INKS[i % INKS.length], dash: Object.keys(DASHES)[i % 5], width: 2 }));
    const all = line("all selected families", 0, page.cells(), { color: ink, dash: "solid", width: 3 });
    const traces = visible(groups.length > 1 ? [all, ...groups] : groups).flatMap((item) => lines.map((labels) => {
      const points = labels.map(([value, label]) => ({ value, label, o: page.placeOf.get(label) }))
        .filter(({ o }) => selected.has(o)).map((point) => ({ ...point, ...area(point.o, item.cells) }))
        .filter(({ pairs }) => pairs);
      return page.trace(item, { mode: "lines+markers", marker: { size: 8, color: item.style.color },
        x: points.map(({ value }) => textOf(value)), y: points.map(({ mean }) => mean),
        customdata: points.map(({ label, pairs }) => [page.escaped(label), pairs]) },
      "%{customdata[0]}: %{y:.1%}<br>mean over %{customdata[1]} pairs of run and target");
    }));
    page.say(section, traces.some(({ x }) => x.length) ? "" : none);
    const values = [...new Set(lines.flat().map(([value]) => value))];
    const ticks = scale === "choice" || values.length > 8 ? {} : { tickvals: values, ticktext: values.map(String) };
    page.plot(plot, traces, { xaxis: { title: { text: page.escaped(key) }, ...axis[scale], ...ticks },
      yaxis: { title: { text: "targets solved, mean" }, rangemode: "tozero", tickformat: ".0%" } });
    says.textContent = caption;
  }

  function ofTuning(/** @type {Sensitivity} */ { hyperparameter, kind, scale, curves, caption }) {
    const selected = new Set(page.optimizers());
    const drawn = curves.filter(({ optimizer, points }) => selected.has(page.placeOf.get(optimizer)) && points.length);
    const curveOf = new Map(drawn.map((curve) => [page.placeOf.get(curve.optimizer), curve]));
    const items = page.optimizerItems([...curveOf.keys()], (o) => -(curveOf.get(o).fraction ?? 0),
      (o) => curveOf.get(o).remark);
    const traces = visible(items, { mark: true }).map((item) => {
      const { points } = curveOf.get(item.o);
      const look = { "": [MARKS[item.style.dash][0], 7], default: ["diamond", 12], tuned: ["star", 15] };
      const [symbol, size] = [0, 1].map((which) => points.map(([, , role]) => look[role][which]));
      return page.trace(item, { mode: "markers", marker: { color: item.style.color, opacity: 0.85, symbol, size },
        x: points.map(([value]) => textOf(value)), y: points.map((point) => point[1]),
        customdata: points.map(([, , role]) => role || "tried") }, "%{x}: %{y:.3~g}<br>%{customdata}");
    });
    page.say(section, traces.length ? "" : none);
    const y = traces.flatMap((trace) => trace.y), least = Math.min(...y);
    page.plot(plot, traces, { xaxis: { title: { text: page.escaped(hyperparameter) }, ...axis[scale] },
      yaxis: { title: { text: data.words.kinds[kind] },
        ...(least > 0 && Math.max(...y) >= 10 * least ? page.logAxis : {}) } });
    says.textContent = caption;
  }

  return () => panels.get(panel())();
});
