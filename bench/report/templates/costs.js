// Seconds of a unit of cost: in the problem, and in the method itself.
page.chart("costs", (section) => {
  const { data, number } = page;
  if (!data.costs) return () => page.show(section, false);
  const seconds = page.array("costs_seconds").values;
  const optimizerOf = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const cellOf = new Map(data.cells.map(({ problem, dim }, c) => [JSON.stringify([problem, dim]), c]));
  const rows = data.costs.map(([problem, dim, optimizer, lanes, runs], i) => ({
    c: cellOf.get(JSON.stringify([problem, dim])), o: optimizerOf.get(optimizer), lanes, runs,
    inside: seconds[3 * i], outside: seconds[3 * i + 1], cost: seconds[3 * i + 2],
  }));
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const problem = page.choice(controls, "Problem", "costs.problem", () => [["all", "all selected"], ...page.cells().map((c) => [page.cellName(c), page.cellName(c)])]);
  const look = page.choice(controls, "Look", "costs.look", () => [["log", "dots, log"], ["linear", "stacked bars, linear"]]);
  const sum = (some, key) => some.reduce((total, row) => total + row[key], 0);

  function perUnit(o, cells) {
    const own = rows.filter((row) => row.o === o && cells.has(row.c)), cost = sum(own, "cost");
    if (!(cost > 0)) return null;
    return { o, inside: sum(own, "inside") / cost, outside: sum(own, "outside") / cost, runs: sum(own, "runs"), problems: own.length, lanes: own.some(({ lanes }) => lanes) };
  }

  return () => {
    says.textContent = "";
    const name = problem(), stacked = look() === "linear";
    const cells = new Set(name === "all" ? page.cells() : page.cells().filter((c) => page.cellName(c) === name));
    const found = page.optimizers().map((o) => perUnit(o, cells)).filter(Boolean).sort((a, b) => b.inside + b.outside - a.inside - a.outside);
    page.say(section, found.length ? "" : "Nothing to draw: none of those selected asked for anything here.");
    if (!found.length) return;
    const { colors } = page.theme(), narrow = innerWidth < 640;
    const y = found.map((_, i) => i), label = (o) => data.optimizers[o].name;
    const cut = (text) => page.escaped(text.length > (narrow ? 18 : 34) ? `${text.slice(0, narrow ? 17 : 33)}…` : text);
    const customdata = found.map((row) => [page.escaped(label(row.o)), `${number(row.inside)} s in the problem, ${number(row.outside)} s in the method`,
      `${page.counted(row.runs, "run")} on ${page.counted(row.problems, "problem")}${row.lanes ? ", some in batches" : ""}`]);
    const common = { y, customdata, hovertemplate: "<b>%{customdata[0]}</b><br>per unit of cost %{customdata[1]}<br>%{customdata[2]}<extra></extra>" };
    const shades = found.map(({ o }) => data.optimizers[o].color);
    const bar = (key, color) => ({ ...common, type: "bar", orientation: "h", x: found.map((row) => row[key]), marker: { color } });
    const dots = (key, marker) => ({ ...common, type: "scatter", mode: "markers", x: found.map((row) => row[key] || null), marker });
    const traces = stacked ? [bar("inside", colors.soft), bar("outside", shades)] : [
      ...found.map((row, i) => ({ type: "scatter", mode: "lines", hoverinfo: "skip", x: [row.inside, row.outside], y: [i, i], line: { color: colors.line, width: 2 } })),
      dots("inside", { size: 9, color: colors.card, line: { color: colors.soft, width: 2 } }), dots("outside", { size: 10, color: shades }),
    ];
    const all = found.flatMap((row) => [row.inside, row.outside]).filter((x) => x > 0);
    const dtick = Math.max(...all) > 100 * Math.min(...all) ? 1 : "D2";
    plot.style.height = `${90 + 23 * found.length}px`;
    page.plot(plot, traces, {
      barmode: "stack", bargap: 0.35, margin: { l: 10, r: 12, t: 8, b: 48 },
      xaxis: { title: { text: "seconds per unit of cost" }, ...(stacked ? { rangemode: "tozero" } : { type: "log", exponentformat: "power", dtick }) },
      yaxis: { tickvals: y, ticktext: found.map(({ o }) => cut(label(o))), range: [-0.7, found.length - 0.3], showgrid: false, ticks: "", fixedrange: true },
    });
    const batched = found.filter(({ lanes }) => lanes).length;
    says.textContent = `${stacked ? "Grey: in the problem; in colour: in the method." : "Open circles: in the problem; full ones: in the method."} All seconds over all cost${name === "all" ? " of the selected problems, so that the slow problems weigh most" : ""}.` +
      `${batched ? ` ${page.counted(batched, "optimizer")} ran several runs as one batch: a batch shares its seconds equally among them, which makes a run cheaper than it would be alone.` : ""}`;
  };
});
