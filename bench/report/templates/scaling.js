// Expected runtime over the dimension of a problem, for one target.
page.chart("scaling", (section, { controls, plot, says }) => {
  const { data, number, two, counted, filled } = page;
  const cellsOf = (name) => page.cells().filter((c) => data.cells[c].problem === name)
    .sort((a, b) => data.cells[a].dim - data.cells[b].dim);
  if (!data.fits) return () => page.show(section, false);
  const words = data.words.scaling;
  const all = () => [...new Set(page.cells().map((c) => data.cells[c].problem))];
  const names = () => all().filter((name) => cellsOf(name).length > 1);
  const widest = () => names().sort((a, b) => cellsOf(b).length - cellsOf(a).length)[0];
  const problem = page.choice(controls, "Problem", "scaling.problem", names, widest);
  let fit = 0, cells = [];
  const goals = () => data.fits[fit]?.targets ?? [];
  const target = page.choice(controls, "Target", "scaling.target", goals, standard);
  const visible = page.legend(section);

  // of an optimizer, its runtimes by dim, and of them those where it reached the target and those where it never did
  function line(o, goal) {
    const rows = cells.map((c) => {
      const slot = data.cells[c].targets.indexOf(goal), { dim } = data.cells[c], price = page.price();
      if (slot < 0) return { dim, runtime: NaN, low: NaN, high: NaN, k: 0, n: 0 };
      const [runtime, low, high] = [page.value("ert", price, c, o, slot), page.value("low", price, c, o, slot),
        page.value("high", price, c, o, slot)];
      return { dim, runtime, low, high, k: page.value("successes", c, o, slot), n: page.value("asked", c, o, slot) };
    });
    return { o, rows, solved: rows.filter(({ runtime }) => runtime > 0 && runtime < Infinity),
      never: rows.filter(({ runtime, k }) => runtime === Infinity && !k) };
  }

  // the hardest target that an optimizer reached in all dims, else in most
  function standard() {
    const solved = (goal) => cells.filter((c) => {
      const slot = data.cells[c].targets.indexOf(goal);
      return slot >= 0 && page.optimizers().some((o) => page.value("ert", page.price(), c, o, slot) < Infinity);
    }).length;
    const most = Math.max(0, ...goals().map(solved));
    return goals().filter((goal) => solved(goal) === most).at(-1);
  }

  function remark({ o, solved, never }, goal) {
    const [exponent, error] = page.row(`fits.${fit}.exponents`, page.price(), o, goals().indexOf(goal));
    const unsolved = never.length ? filled(words.unsolved, never.map(({ dim }) => dim).join(", ")) : "";
    if (!Number.isNaN(exponent)) return filled(words.fit, two(exponent), two(error)) + unsolved;
    return solved.length ? filled(words.dims, counted(solved.length, "dim")) + unsolved : words.nothing;
  }

  // the line is open where the target was not reached; a triangle stands there at the least expected runtime left
  function traces(item, { rows, solved, never }, aside) {
    const { color, dash } = item.style, dims = (points) => points.map(({ dim }) => dim);
    const texts = (points) => points.map(({ k, n, low, high }) => (
      [`${k} of ${counted(n, "run")}`, page.interval(low, high) || words.interval, number(low)]));
    const bounds = never.filter(({ low }) => low > 0);
    const reach = (end) => rows.map(({ runtime, ...row }) => (
      row[end] > 0 && row[end] < Infinity ? Math.abs(row[end] - runtime) : 0));
    const error = { type: "data", symmetric: false, color, thickness: 1, width: 3 };
    return [page.trace(item, { mode: "lines+markers", x: dims(rows), customdata: texts(rows),
      y: rows.map((row) => (solved.includes(row) ? row.runtime : null)),
      marker: { color, size: 7, symbol: MARKS[dash][0] },
      error_y: { ...error, array: reach("high"), arrayminus: reach("low") } },
    "dim %{x}: %{y:.3~s} %{customdata[1]}<br>%{customdata[0]}"),
    page.trace(item, { mode: "markers", x: dims(bounds).map((dim) => dim * aside), y: bounds.map(({ low }) => low),
      customdata: texts(bounds), text: dims(bounds),
      marker: { color, size: 10, symbol: "triangle-up-open", line: { width: 2 } } },
    "dim %{text}: not reached, %{customdata[0]}<br>the expected runtime is at least %{customdata[2]}")];
  }

  return () => {
    says.textContent = "";
    const name = problem();
    cells = name === undefined ? [] : cellsOf(name);
    fit = data.fits.findIndex((each) => each.problem === name);
    const goal = target();
    const none = "Nothing to draw: no problem of the selected families was run in two dimensions or more.";
    if (page.say(section, cells.length ? "" : none)) return;
    const lines = page.optimizers().map((o) => line(o, goal))
      .filter(({ solved, never }) => solved.length + never.length);
    const byOptimizer = new Map(lines.map((each) => [each.o, each]));
    const rank = (o) => {
      const { solved } = byOptimizer.get(o);
      return solved.length ? Math.log10(solved.at(-1).runtime) - 100 * solved.length : Infinity;
    };
    const items = visible(page.optimizerItems([...byOptimizer.keys()], rank, (o) => remark(byOptimizer.get(o), goal)));
    const dims = cells.map((c) => data.cells[c].dim), decades = Math.log10(dims.at(-1) / dims[0]);
    // bounds of one height stand side by side
    const aside = (i) => 10 ** (decades * 0.012 * (i - (items.length - 1) / 2));
    const drawn = items.flatMap((item, i) => traces(item, byOptimizer.get(item.o), aside(i)));
    page.say(section, drawn.some(({ y }) => y.some((height) => height !== null)) ? ""
      : "Nothing to draw: none of those selected reached this target beyond its start.");
    const ends = [Math.log10(dims[0]) - 0.1 * decades - 0.02, Math.log10(dims.at(-1)) + 0.1 * decades + 0.02];
    page.plot(plot, drawn, {
      xaxis: { title: { text: "dim" }, type: "log", tickvals: dims, ticktext: dims.map(String), range: ends },
      yaxis: { title: { text: `expected runtime: ${data.prices[page.price()].title}` },
        ...(page.scale() === "linear" ? { rangemode: "tozero" } : { ...page.logAxis, dtick: "D2" }) },
    });
    says.textContent = `${name}, target ${goal}, dims ${dims.join(", ")}.`;
  };
});
