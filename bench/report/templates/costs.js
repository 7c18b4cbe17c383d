// Seconds of a unit of cost: in the problem, and in the method itself.
page.figure("costs", (_, { controls, plot }) => {
  const { data, number, counted, escaped } = page, words = data.words.costs;
  const rows = data.costs.map(([problem, dim, optimizer, lanes, runs], i) => {
    const [inside, outside, cost] = page.row("costs_seconds", i);
    const cell = `${problem}, dim ${dim}`, o = page.placeOf.get(optimizer);
    return { cell, o, lanes, runs, inside, outside, cost };
  });
  const problem = page.choice(controls, "Problem", "costs.problem",
    () => [["all", "all selected"], ...page.cellNames()]);
  const look = page.choice(controls, "Look", "costs.look",
    () => [["log", "dots, log"], ["linear", "stacked bars, linear"]]);

  // of one optimizer, the sums of seconds over the sum of cost
  function perUnit(o, cells) {
    const own = rows.filter((row) => row.o === o && cells.has(row.cell));
    const sum = (key) => own.reduce((total, row) => total + row[key], 0), cost = sum("cost");
    return { name: data.optimizers[o].name, color: data.optimizers[o].color, cost, inside: sum("inside") / cost,
      outside: sum("outside") / cost, runs: sum("runs"), problems: own.length, lanes: own.some(({ lanes }) => lanes) };
  }

  return () => {
    const name = problem(), stacked = look() === "linear", { colors, narrow } = page.theme();
    const cells = new Set(name === "all" ? page.cellNames() : [name]);
    const units = page.optimizers().map((o) => perUnit(o, cells)).filter(({ cost }) => cost > 0)
      .sort((a, b) => b.inside + b.outside - a.inside - a.outside);
    if (!units.length) return "Nothing to draw: none of those selected asked for anything here.";
    const y = [...units.keys()];
    const customdata = units.map((row) => [escaped(row.name),
      `${number(row.inside)} s in the problem, ${number(row.outside)} s in the method`,
      `${counted(row.runs, "run")} on ${counted(row.problems, "problem")}${row.lanes ? ", some in batches" : ""}`]);
    const hover = "<b>%{customdata[0]}</b><br>per unit of cost %{customdata[1]}<br>%{customdata[2]}<extra></extra>";
    const trace = (key, marker, more) => (
      { y, x: units.map((row) => row[key] || null), marker, customdata, hovertemplate: hover, ...more });
    const bar = { type: "bar", orientation: "h" }, dots = { type: "scatter", mode: "markers" };
    const line = { type: "scatter", mode: "lines", hoverinfo: "skip", line: { color: colors.line, width: 2 } };
    const shades = units.map(({ color }) => color), open = { color: colors.soft, width: 2 };
    const ends = units.flatMap(({ inside, outside }) => [inside, outside]).filter((x) => x > 0);
    const dtick = Math.max(...ends) > 100 * Math.min(...ends) ? 1 : "D2";
    const batched = units.filter(({ lanes }) => lanes).length;
    plot.style.height = `${90 + 23 * units.length}px`;
    return {
      traces: stacked
        ? [trace("inside", { color: colors.soft }, bar), trace("outside", { color: shades }, bar)]
        : [...units.map(({ inside, outside }, i) => ({ ...line, x: [inside, outside], y: [i, i] })),
          trace("inside", { size: 9, color: colors.card, line: open }, dots),
          trace("outside", { size: 10, color: shades }, dots)],
      barmode: "stack", bargap: 0.35, margin: { l: 10, r: 12, t: 8, b: 48 },
      xaxis: { title: { text: "seconds per unit of cost" },
        ...(stacked ? { rangemode: "tozero" } : { ...page.logAxis, dtick }) },
      yaxis: { tickvals: y, ticktext: units.map((row) => escaped(row.name, narrow ? 18 : 34)),
        range: [-0.7, units.length - 0.3], showgrid: false, ticks: "", fixedrange: true },
      says: words[stacked ? "stacked" : "dots"] + page.filled(words.all, name === "all" ? words.selected : "")
        + (batched ? page.filled(words.lanes, counted(batched, "optimizer")) : ""),
    };
  };
});
