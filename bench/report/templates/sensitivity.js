// What became of the values of a hyperparameter: of those that were run, and of those that tuning tried.
page.figure("sensitivity", (section, { controls }) => {
  const { data, escaped } = page;
  const panels = [
    ...(data.sensitivity ?? []).map((each) => ({ axes: each.axes, cell: each.cell, draw: () => ofTuning(each) })),
    ...(data.settings ?? []).map((run) => ({ axes: `${run.name}: ${run.key}`, cell: "", draw: () => ofRuns(run) }))];
  const axes = page.choice(controls, "Axes", "sensitivity.panel", () => [...new Set(panels.map((each) => each.axes))]);
  const cell = page.choice(controls, "Problem", "sensitivity.cell", () => drawable().map((each) => each.cell));
  const drawable = () => panels.filter((each) => each.axes === axes());
  const visible = page.legend(section, 24), none = "Nothing to draw: no optimizer with this hyperparameter is chosen.";
  const textOf = (value) => (typeof value === "string" ? escaped(value) : value);
  const axis = { log: { ...page.logAxis, dtick: 1 }, linear: {}, choice: { type: "category" } };

  // the mean, over the logarithm of cost, of the fraction of targets solved on some cells; and of how many pairs
  function area(o, cells) {
    const price = page.price(), points = page.array("solved").shape[3];
    const pairs = cells.reduce((sum, c) => sum + page.value("planned", price, c, o), 0);
    const solved = cells.reduce((sum, c) => page.row("solved", price, c, o).reduce((a, b) => a + b, sum), 0);
    return { pairs, mean: solved / points / pairs };
  }

  function ofRuns(/** @type {Settings} */ { key, scale, lines, caption }) {
    const selected = new Set(page.optimizers()), ink = { color: page.theme().colors.ink, dash: "solid", width: 3 };
    const line = (id, rank, cells, style) => ({ id, name: id, order: -1, rank, remark: "", cells, style });
    const groups = page.families().map((f, i) => line(data.families[f], i + 1, page.cellsOf(f), page.tint(i)));
    const all = line("all selected families", 0, page.cells(), ink);
    const traces = visible(groups.length > 1 ? [all, ...groups] : groups).flatMap((item) => lines.map((labels) => {
      const points = labels.map(([value, label]) => ({ value: textOf(value), label, o: page.placeOf.get(label) }))
        .filter(({ o }) => selected.has(o)).map((point) => ({ ...point, ...area(point.o, item.cells) }))
        .filter(({ pairs }) => pairs);
      return page.trace(item, points.map((point) => [point.value, point.mean, escaped(point.label), point.pairs]),
        "%{customdata[0]}: %{y:.1%}<br>mean over %{customdata[1]} pairs of run and target",
        { mode: "lines+markers", marker: { size: 8, color: item.style.color } });
    }));
    if (!traces.some(({ x }) => x.length)) return none;
    const values = [...new Set(lines.flat().map(([value]) => value))];
    const ticks = scale === "choice" || values.length > 8 ? {} : { tickvals: values, ticktext: values.map(String) };
    return { traces, says: caption, xaxis: { title: { text: escaped(key) }, ...axis[scale], ...ticks },
      yaxis: { title: { text: "targets solved, mean" }, rangemode: "tozero", tickformat: ".0%" } };
  }

  function ofTuning(/** @type {Sensitivity} */ { hyperparameter, kind, scale, curves, caption }) {
    const drawn = curves.map((curve) => ({ ...curve, o: page.placeOf.get(curve.optimizer) }))
      .filter(({ o, points }) => page.optimizers().includes(o) && points.length);
    const items = page.items(drawn, ({ fraction }) => -(fraction ?? 0), (curve) => curve.remark);
    const traces = visible(items, { mark: true }).map((item) => {
      const look = { "": [MARKS[item.style.dash][0], 7], default: ["diamond", 12], tuned: ["star", 15] };
      const [symbol, size] = [0, 1].map((which) => item.points.map(([, , role]) => look[role][which]));
      return page.trace(item, item.points.map(([value, y, role]) => [textOf(value), y, role || "tried"]),
        "%{x}: %{y:.3~g}<br>%{customdata[0]}",
        { mode: "markers", marker: { color: item.style.color, opacity: 0.85, symbol, size } });
    });
    if (!traces.length) return none;
    const y = traces.flatMap((trace) => trace.y), low = data.words.kinds[kind] ? Math.min(...y) : 0;
    const log = low > 0 && Math.max(...y) >= 10 * low ? page.logAxis : {};
    return { traces, says: caption, xaxis: { title: { text: escaped(hyperparameter) }, ...axis[scale] },
      yaxis: { title: { text: data.words.kinds[kind] ?? kind }, ...log } };
  }

  return () => { const where = cell(); return drawable().find((each) => each.cell === where).draw(); };
});
