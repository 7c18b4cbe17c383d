// Expected runtime over the dimension of a problem, for one target.
page.figure("scaling", (section, { controls }) => {
  const { data, number, two, counted, filled } = page, words = data.words.scaling;
  // the problems that have two selected cells or more, which are in the order of their dims
  const fits = () => data.fits
    .map((each, place) => ({ ...each, place, cells: each.cells.filter((c) => page.cells().includes(c)) }))
    .filter(({ cells }) => cells.length > 1);
  const widest = () => fits().sort((a, b) => b.cells.length - a.cells.length)[0]?.problem;
  const problem = page.choice(controls, "Problem", "scaling.problem", () => fits().map((each) => each.problem), widest);
  let fit; // that of the chosen problem
  const target = page.choice(controls, "Target", "scaling.target", () => fit.targets, standard);
  const visible = page.legend(section);

  // the hardest target that an optimizer reached in all dims, else in most
  function standard() {
    const solved = (goal) => fit.cells.filter((c) => {
      const slot = data.cells[c].targets.indexOf(goal);
      return slot >= 0 && page.optimizers().some((o) => page.measured(c, o, slot).ert < Infinity);
    }).length;
    const most = Math.max(0, ...fit.targets.map(solved));
    return fit.targets.findLast((goal) => solved(goal) === most);
  }

  // of an optimizer, its runtimes by dim, and of them those where it reached the target and those where it never did
  function line(o, goal) {
    const rows = fit.cells.map((c) => {
      const slot = data.cells[c].targets.indexOf(goal);
      return { dim: data.cells[c].dim, ...(slot < 0 ? { ert: NaN, k: 0, runs: 0 } : page.measured(c, o, slot)) };
    });
    return { o, rows, solved: rows.filter(({ ert }) => ert > 0 && ert < Infinity),
      never: rows.filter(({ ert, k }) => ert === Infinity && !k) };
  }

  function remark({ o, solved, never }, goal) {
    const [exponent, error] = page.row("exponents", fit.place, page.price(), o, fit.targets.indexOf(goal));
    const unsolved = never.length ? filled(words.unsolved, never.map(({ dim }) => dim).join(", ")) : "";
    if (!Number.isNaN(exponent)) return filled(words.fit, two(exponent), two(error)) + unsolved;
    return solved.length ? filled(words.dims, counted(solved.length, "dim")) + unsolved : words.nothing;
  }

  // the line is open where the target was not reached; a triangle stands there at the least expected runtime left
  function traces(item, aside) {
    const { rows, solved, never, style: { color, dash } } = item;
    const runs = ({ k, runs: n }) => `${k} of ${counted(n, "run")}`;
    const reach = (end) => rows.map(({ ert, ...row }) => (
      row[end] > 0 && row[end] < Infinity ? Math.abs(row[end] - ert) : 0));
    const error = { type: "data", symmetric: false, color, thickness: 1, width: 3 };
    const points = rows.map((row) => [row.dim, solved.includes(row) ? row.ert : null, runs(row),
      page.interval(row.low, row.high) || words.interval]);
    const bounds = never.filter(({ low }) => low > 0).map(
      (row) => [row.dim * aside, row.low, runs(row), row.dim, number(row.low)]);
    return [page.trace(item, points, "dim %{x}: %{y:.3~s} %{customdata[1]}<br>%{customdata[0]}", {
      mode: "lines+markers", marker: { color, size: 7, symbol: MARKS[dash][0] },
      error_y: { ...error, array: reach("high"), arrayminus: reach("low") } }),
    page.trace(item, bounds,
      "dim %{customdata[1]}: not reached, %{customdata[0]}<br>the expected runtime is at least %{customdata[2]}",
      { mode: "markers", marker: { color, size: 10, symbol: "triangle-up-open", line: { width: 2 } } })];
  }

  return () => {
    const name = problem();
    fit = fits().find((each) => each.problem === name) ?? { targets: [], cells: [] };
    const goal = target(), dims = fit.cells.map((c) => data.cells[c].dim), decades = Math.log10(dims.at(-1) / dims[0]);
    if (!goal) return "Nothing to draw: no problem of the selected families was run in two dimensions or more.";
    const lines = page.optimizers().map((o) => line(o, goal))
      .filter(({ solved, never }) => solved.length + never.length);
    const rank = ({ solved }) => (
      solved.length ? Math.log10(solved.at(-1).ert) - 100 * solved.length : Infinity);
    const items = visible(page.items(lines, rank, (each) => remark(each, goal)));
    // bounds of one height stand side by side
    const aside = (i) => 10 ** (decades * 0.012 * (i - (items.length - 1) / 2));
    const drawn = items.flatMap((item, i) => traces(item, aside(i)));
    if (!drawn.some(({ y }) => y.some((height) => height !== null))) {
      return "Nothing to draw: none of those selected reached this target beyond its start.";
    }
    const ends = [Math.log10(dims[0]) - 0.1 * decades - 0.02, Math.log10(dims.at(-1)) + 0.1 * decades + 0.02];
    return { traces: drawn,
      xaxis: { title: { text: "dim" }, type: "log", tickvals: dims, ticktext: dims.map(String), range: ends },
      yaxis: { title: { text: `expected runtime: ${data.prices[page.price()].title}` },
        ...(page.scale() === "linear" ? { rangemode: "tozero" } : { ...page.logAxis, dtick: "D2" }) },
      says: `${name}, target ${goal}, dims ${dims.join(", ")}.` };
  };
});
