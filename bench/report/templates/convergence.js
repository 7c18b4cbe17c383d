// What the optimizers had reached at what cost, on one problem: medians with the band between quartiles.
page.chart("convergence", (section) => {
  const { data, counted } = page;
  const cost = page.array("curve_cost"), curve = page.array("curve"), ran = page.array("ran");
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const pick = page.cellPicker(controls, "convergence.problem");
  const shown = page.legend(section);
  const points = curve.shape[3];

  // the points of one optimizer on a cell, [cost, median, low, high] where the median is known
  function pointsOf(price, c, o) {
    const found = [];
    for (let k = 0; k < points; k++) {
      const x = cost.values[page.at(cost.shape, price, c, k)], at = page.at(curve.shape, price, c, o, k);
      const [median, low, high] = curve.values.subarray(at, at + 3);
      if (Number.isFinite(x) && Number.isFinite(median)) found.push([x, median, low, high]);
    }
    return found;
  }

  // the band between the quartiles, as one closed line; hex of the colour with its opacity
  function band(line, style) {
    const inside = line.filter(([, , low, high]) => Number.isFinite(low) && Number.isFinite(high));
    const x = inside.map(([at]) => at);
    return {
      type: "scatter", mode: "lines", fill: "toself", hoverinfo: "skip", line: { width: 0 }, fillcolor: `${style.color}24`,
      x: [...x, ...x.toReversed()], y: [...inside.map(([, , , high]) => high), ...inside.map(([, , low]) => low).toReversed()],
    };
  }

  return () => {
    const price = page.price(), c = pick();
    const lines = new Map(c === undefined ? [] : page.optimizers().map((o) => [o, pointsOf(price, c, o)]).filter(([, line]) => line.length));
    page.say(section, lines.size ? "" : "Nothing to draw: no selected run has a value at a cost that is known.");
    if (!lines.size) return;
    const all = [...lines.values()].flat();
    const log = all.every(([, median, low]) => median > 0 && !(low <= 0));
    const rank = (o) => lines.get(o).reduce((sum, [, median]) => sum + (log ? Math.log10(median) : median), 0) / lines.get(o).length;
    const items = shown(page.optimizerItems([...lines.keys()], rank));
    const traces = items.map(({ o, name, style }) => {
      const line = lines.get(o);
      return {
        type: "scatter", mode: "lines", name: page.escaped(name), line: style, x: line.map(([x]) => x), y: line.map(([, median]) => median),
        customdata: line.map(([, , low, high]) => [page.number(low), page.number(high)]),
        hovertemplate: `<b>%{fullData.name}</b><br>at %{x:.4~g}<br>median <b>%{y:.4~g}</b><br>quartiles %{customdata[0]} to %{customdata[1]}<br>${counted(ran.values[page.at(ran.shape, c, o)], "run")}<extra></extra>`,
      };
    });
    const bands = items.map(({ o, style }) => band(lines.get(o), style));
    const { kind } = data.cells[c];
    const y = { title: { text: kind === "gap" ? "f - f_opt" : "f" }, ...(log ? { type: "log", exponentformat: "power" } : { type: "linear" }) };
    page.plot(plot, [...bands, ...traces], { xaxis: page.costAxis(), yaxis: y });
    const runs = Math.max(...[...lines.keys()].map((o) => ran.values[page.at(ran.shape, c, o)]));
    says.textContent = `${page.cellName(c)}: ${counted(lines.size, "optimizer")}, up to ${counted(runs, "run")} each.`;
  };
});
