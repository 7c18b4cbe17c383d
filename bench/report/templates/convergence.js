// What the optimizers had reached at what cost, on one problem: medians with the band between quartiles.
page.figure("convergence", (section, { controls, panels }) => {
  const { data, counted, number } = page;
  const problem = page.choice(controls, "Problem", "convergence.problem", page.cellNames);
  const visible = page.legend(section), list = controls.querySelector("select");

  // of an optimizer on a cell [cost, median, low, high] where the median is known
  const pointsOf = (c, o, p = page.price(), heights = page.row("curve", p, c, o)) => [...page.row("curve_cost", p, c)]
    .map((cost, k) => [cost, ...heights.subarray(3 * k, 3 * k + 3)])
    .filter(([cost, median]) => Number.isFinite(cost) && Number.isFinite(median));

  // the band between the quartiles, as one closed line; hex of the colour with its opacity
  function band({ points, style }) {
    const inside = points.filter(([, , low, high]) => Number.isFinite(low) && Number.isFinite(high));
    const line = [...inside.map(([x, , , high]) => [x, high]), ...inside.toReversed().map(([x, , low]) => [x, low])];
    return { type: "scatter", mode: "lines", line: { width: 0 }, fill: "toself", fillcolor: `${style.color}24`,
      hoverinfo: "skip", x: line.map(([x]) => x), y: line.map(([, y]) => y) };
  }

  return () => {
    const name = problem(), c = page.cellOf.get(name), optimizers = name === undefined ? [] : page.optimizers();
    const curves = optimizers.map((o) => ({ o, points: pointsOf(c, o), runs: page.value("ran", c, o) }))
      .filter(({ points }) => points.length);
    for (const each of panels?.children ?? []) {
      each.ariaPressed = String(each.dataset.problem === name); // a click goes to the list above the chart
      each.onclick = () => { page.set({ "convergence.problem": each.dataset.problem }); list.focus(); };
    }
    if (!curves.length) return "Nothing to draw: no selected optimizer has a finite median at a cost that is known.";
    const log = curves.every(({ points }) => points.every(([, median, low]) => median > 0 && !(low <= 0)));
    const rank = ({ points }) => points.reduce((sum, [, y]) => sum + (log ? Math.log10(y) : y), 0) / points.length;
    const items = visible(page.items(curves, (row) => data.cells[c].sign * rank(row)));
    const medians = items.map((row) => page.trace(row, row.points.map(([x, y, ...ends]) => [x, y, ...ends.map(number)]),
      "at %{x:.4~g}<br>median <b>%{y:.4~g}</b><br>quartiles %{customdata[0]} to %{customdata[1]}<br>"
        + counted(row.runs, "run")));
    const title = { text: data.words.kinds[data.cells[c].kind] }, most = Math.max(...curves.map(({ runs }) => runs));
    return { traces: [...items.map(band), ...medians], xaxis: page.costAxis(),
      yaxis: { title, ...(log ? page.logAxis : { type: "linear" }) },
      says: `${name}: ${counted(curves.length, "optimizer")}, up to ${counted(most, "run")} each.` };
  };
});
