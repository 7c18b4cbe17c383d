// Seconds of a unit of cost: in the problem, and in the method itself.
page.chart("costs", (section, { controls, plot, says }) => {
  const { data, number, counted } = page;
  if (!data.costs) return () => page.show(section, false);
  const cellOf = new Map(data.cells.map((_, c) => [page.cellName(c), c]));
  const rows = data.costs.map(([problem, dim, optimizer, lanes, runs], i) => {
    const [inside, outside, cost] = page.row("costs_seconds", i);
    const c = cellOf.get(`${problem}, dim ${dim}`), o = page.placeOf.get(optimizer);
    return { c, o, lanes, runs, inside, outside, cost };
  });
  const problem = page.choice(controls, "Problem", "costs.problem",
    () => [["all", "all selected"], ...page.cells().map(page.cellName)]);
  const LOOKS = [["log", "dots, log"], ["linear", "stacked bars, linear"]];
  const look = page.choice(controls, "Look", "costs.look", () => LOOKS);

  // of one optimizer, the sums of seconds over the sum of cost
  function perUnit(o, cells) {
    const own = rows.filter((row) => row.o === o && cells.has(row.c));
    const sum = (key) => own.reduce((total, row) => total + row[key], 0), cost = sum("cost");
    return { o, cost, inside: sum("inside") / cost, outside: sum("outside") / cost, runs: sum("runs"),
      problems: own.length, lanes: own.some(({ lanes }) => lanes) };
  }

  return () => {
    says.textContent = "";
    const name = problem(), stacked = look() === "linear", { colors, narrow } = page.theme();
    const cells = new Set(page.cells().filter((c) => name === "all" || page.cellName(c) === name));
    const units = page.optimizers().map((o) => perUnit(o, cells)).filter(({ cost }) => cost > 0)
      .sort((a, b) => b.inside + b.outside - a.inside - a.outside);
    const none = "Nothing to draw: none of those selected asked for anything here.";
    if (page.say(section, units.length ? "" : none)) return;
    const y = units.map((_, i) => i), nameOf = ({ o }) => data.optimizers[o].name;
    const customdata = units.map((row) => [page.escaped(nameOf(row)),
      `${number(row.inside)} s in the problem, ${number(row.outside)} s in the method`,
      `${counted(row.runs, "run")} on ${counted(row.problems, "problem")}${row.lanes ? ", some in batches" : ""}`]);
    const common = { y, customdata, hovertemplate: "<b>%{customdata[0]}</b><br>"
      + "per unit of cost %{customdata[1]}<br>%{customdata[2]}<extra></extra>" };
    const shades = units.map(({ o }) => data.optimizers[o].color);
    const bar = (key, color) => (
      { ...common, type: "bar", orientation: "h", x: units.map((row) => row[key]), marker: { color } });
    const dots = (key, marker) => (
      { ...common, type: "scatter", mode: "markers", x: units.map((row) => row[key] || null), marker });
    const line = { type: "scatter", mode: "lines", hoverinfo: "skip", line: { color: colors.line, width: 2 } };
    const traces = stacked ? [bar("inside", colors.soft), bar("outside", shades)] : [
      ...units.map(({ inside, outside }, i) => ({ ...line, x: [inside, outside], y: [i, i] })),
      dots("inside", { size: 9, color: colors.card, line: { color: colors.soft, width: 2 } }),
      dots("outside", { size: 10, color: shades }),
    ];
    const ends = units.flatMap(({ inside, outside }) => [inside, outside]).filter((x) => x > 0);
    const dtick = Math.max(...ends) > 100 * Math.min(...ends) ? 1 : "D2";
    plot.style.height = `${90 + 23 * units.length}px`;
    page.plot(plot, traces, {
      barmode: "stack", bargap: 0.35, margin: { l: 10, r: 12, t: 8, b: 48 },
      xaxis: { title: { text: "seconds per unit of cost" },
        ...(stacked ? { rangemode: "tozero" } : { ...page.logAxis, dtick }) },
      yaxis: { tickvals: y, ticktext: units.map((row) => page.escaped(nameOf(row), narrow ? 18 : 34)),
        range: [-0.7, units.length - 0.3], showgrid: false, ticks: "", fixedrange: true },
    });
    const batched = units.filter(({ lanes }) => lanes).length;
    const words = data.words.costs;
    says.textContent = words[stacked ? "stacked" : "dots"]
      + page.filled(words.all, name === "all" ? words.selected : "")
      + (batched ? page.filled(words.lanes, counted(batched, "optimizer")) : "");
  };
});
