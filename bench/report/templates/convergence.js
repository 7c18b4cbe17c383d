// What the optimizers had reached at what cost, on one problem: medians with the band between quartiles.
page.chart("convergence", (section, { controls, plot, says }) => {
  const { data, counted, number } = page;
  const problem = page.choice(controls, "Problem", "convergence.problem", () => page.cells().map(page.cellName));
  const visible = page.legend(section);
  const points = page.array("curve").shape[3];

  // the points of one optimizer on a cell, [cost, median, low, high] where the median is known
  function pointsOf(price, c, o) {
    const costs = page.row("curve_cost", price, c), heights = page.row("curve", price, c, o), line = [];
    for (let k = 0; k < points; k++) {
      const [median, low, high] = heights.subarray(3 * k, 3 * k + 3);
      if (Number.isFinite(costs[k]) && Number.isFinite(median)) line.push([costs[k], median, low, high]);
    }
    return line;
  }

  // the band between the quartiles, as one closed line; hex of the colour with its opacity
  function band(line, style) {
    const inside = line.filter(([, , low, high]) => Number.isFinite(low) && Number.isFinite(high));
    const x = inside.map(([at]) => at), low = inside.map((point) => point[2]), high = inside.map((point) => point[3]);
    return {
      type: "scatter", mode: "lines", line: { width: 0 }, fill: "toself", fillcolor: `${style.color}24`,
      hoverinfo: "skip", x: [...x, ...x.toReversed()], y: [...high, ...low.toReversed()],
    };
  }

  return () => {
    const price = page.price(), name = problem(), c = page.cells().find((each) => page.cellName(each) === name);
    const all = c === undefined ? [] : page.optimizers().map((o) => [o, pointsOf(price, c, o)]);
    const lines = new Map(/** @type {[number, number[][]][]} */ (all.filter(([, line]) => line.length)));
    const none = "Nothing to draw: no selected run has a value at a cost that is known.";
    if (page.say(section, lines.size ? "" : none)) return;
    const log = [...lines.values()].flat().every(([, median, low]) => median > 0 && !(low <= 0));
    const height = (median) => (log ? Math.log10(median) : median);
    const rank = (o) => lines.get(o).reduce((sum, [, median]) => sum + height(median), 0) / lines.get(o).length;
    const items = visible(page.optimizerItems([...lines.keys()], rank));
    const traces = items.map((item) => {
      const line = lines.get(item.o);
      const points = { x: line.map(([x]) => x), y: line.map(([, median]) => median),
        customdata: line.map(([, , low, high]) => [number(low), number(high)]) };
      return page.trace(item, points, "at %{x:.4~g}<br>median <b>%{y:.4~g}</b><br>quartiles %{customdata[0]} to "
        + `%{customdata[1]}<br>${counted(page.value("ran", c, item.o), "run")}`);
    });
    const title = { text: data.words.kinds[data.cells[c].kind] };
    page.plot(plot, [...items.map(({ o, style }) => band(lines.get(o), style)), ...traces],
      { xaxis: page.costAxis(), yaxis: { title, ...(log ? page.logAxis : { type: "linear" }) } });
    const runs = Math.max(...[...lines.keys()].map((o) => page.value("ran", c, o)));
    says.textContent = `${name}: ${counted(lines.size, "optimizer")}, up to ${counted(runs, "run")} each.`;
  };
});
