// What the optimizers had reached at what cost, on one problem: medians with the band between quartiles.
page.figure("convergence", (section, { controls }) => {
  const { data, counted, number } = page;
  const problem = page.choice(controls, "Problem", "convergence.problem", page.cellNames);
  const visible = page.legend(section);

  // of an optimizer on a cell [cost, median, low, high] where the median is known
  function pointsOf(c, o) {
    const costs = page.row("curve_cost", page.price(), c), heights = page.row("curve", page.price(), c, o);
    return [...costs].map((cost, k) => [cost, ...heights.subarray(3 * k, 3 * k + 3)])
      .filter(([cost, median]) => Number.isFinite(cost) && Number.isFinite(median));
  }

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
    if (!curves.length) return "Nothing to draw: no selected run has a value at a cost that is known.";
    const log = curves.every(({ points }) => points.every(([, median, low]) => median > 0 && !(low <= 0)));
    const rank = ({ points }) => (
      points.reduce((sum, [, median]) => sum + (log ? Math.log10(median) : median), 0) / points.length);
    const items = visible(page.items(curves, rank));
    const medians = items.map((item) => page.trace(item,
      item.points.map(([x, median, low, high]) => [x, median, number(low), number(high)]),
      "at %{x:.4~g}<br>median <b>%{y:.4~g}</b><br>quartiles %{customdata[0]} to %{customdata[1]}<br>"
        + counted(item.runs, "run")));
    const title = { text: data.words.kinds[data.cells[c].kind] }, most = Math.max(...curves.map(({ runs }) => runs));
    return { traces: [...items.map(band), ...medians], xaxis: page.costAxis(),
      yaxis: { title, ...(log ? page.logAxis : { type: "linear" }) },
      says: `${name}: ${counted(curves.length, "optimizer")}, up to ${counted(most, "run")} each.` };
  };
});
