// Expected runtime over the dimension of a problem, for one target.
page.chart("scaling", (section) => {
  const { data, number } = page;
  const ert = page.array("ert"), low = page.array("low"), high = page.array("high"), successes = page.array("successes"), asked = page.array("asked");
  const families = new Map(); // name of a problem -> its cells by dim
  data.cells.forEach(({ problem }, c) => families.set(problem, [...(families.get(problem) ?? []), c]));
  for (const cells of families.values()) cells.sort((a, b) => data.cells[a].dim - data.cells[b].dim);
  if (![...families.values()].some((cells) => cells.length > 1)) return () => page.show(section, false);
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const cellsOf = (name) => { const inside = new Set(page.cells()); return (families.get(name) ?? []).filter((c) => inside.has(c)); };
  const names = () => [...families.keys()].filter((name) => cellsOf(name).length > 1);
  const widest = () => names().reduce((best, name) => (cellsOf(name).length > cellsOf(best ?? name).length ? name : best ?? name), undefined);
  const problem = page.choice(controls, "Problem", "scaling.problem", () => names().map((name) => [name, name]), widest);
  let cells = [];
  const goals = () => [...new Set(cells.flatMap((c) => data.cells[c].targets))];
  const target = page.choice(controls, "Target", "scaling.target", () => goals().map((goal) => [goal, goal]), standard);
  const shown = page.legend(section);
  const at = (table, c, o, goal) => {
    const slot = data.cells[c].targets.indexOf(goal);
    return slot < 0 ? NaN : table.values[page.at(table.shape, page.price(), c, o, slot)];
  };

  // the hardest target that somebody reached in all dims, else in most
  function standard() {
    const solved = (goal) => cells.filter((c) => page.optimizers().some((o) => at(ert, c, o, goal) < Infinity)).length;
    const all = goals(), most = Math.max(0, ...all.map(solved));
    return all.filter((goal) => solved(goal) === most).at(-1);
  }

  // least squares of log runtime on log dim: exponent and its standard error; null below three dims
  function slope(points) {
    const n = points.length;
    if (n < 3) return null;
    const [x, y] = ["dim", "runtime"].map((key) => points.map((point) => Math.log(point[key])));
    const mean = (values) => values.reduce((sum, v) => sum + v, 0) / n;
    const [u, v] = [x, y].map((values) => { const m = mean(values); return values.map((value) => value - m); });
    const sum = (f) => u.reduce((total, _, i) => total + f(u[i], v[i]), 0);
    const b = sum((p, q) => p * q) / sum((p) => p * p);
    return { b, error: Math.sqrt(sum((p, q) => (q - b * p) ** 2) / (n - 2) / sum((p) => p * p)) };
  }

  function line(o, goal) {
    const rows = cells.map((c) => {
      const slot = data.cells[c].targets.indexOf(goal), place = page.at(successes.shape, c, o, Math.max(slot, 0));
      return {
        dim: data.cells[c].dim, runtime: at(ert, c, o, goal), low: at(low, c, o, goal), high: at(high, c, o, goal),
        k: slot < 0 ? 0 : successes.values[place], n: slot < 0 ? 0 : asked.values[place],
      };
    });
    const solved = rows.filter(({ runtime }) => runtime > 0 && runtime < Infinity), never = rows.filter(({ runtime, k }) => runtime === Infinity && !k);
    return { o, rows, solved, never, fit: slope(solved) };
  }

  function remark({ solved, never, fit }) {
    const unsolved = never.length ? `, not reached in dim ${never.map(({ dim }) => dim).join(", ")}` : "";
    if (fit) return `∝ dim^${fit.b.toFixed(2)} ± ${fit.error.toFixed(2)}${unsolved}`;
    return solved.length ? `in ${page.counted(solved.length, "dim")}${unsolved}` : `not reached${never.length < cells.length ? ", or the start is enough" : ""}`;
  }

  // the line is open where the target was not reached; a triangle stands there at the least expected runtime that is left
  function traces(item, { rows, solved, never }, aside) {
    const { color, dash, width } = item.style, name = page.escaped(item.name);
    const texts = (rows) => rows.map(({ k, n, low: a, high: b }) => [`${k} of ${n} runs`, page.interval(a, b) || "no interval below 5 runs", number(a)]);
    const bounds = never.filter((row) => row.low > 0);
    const reach = (to) => rows.map((row) => { const end = row[to]; return Number.isFinite(end) && end > 0 ? Math.abs(end - row.runtime) : 0; });
    return [{
      type: "scatter", mode: "lines+markers", name, x: rows.map(({ dim }) => dim), y: rows.map((row) => (solved.includes(row) ? row.runtime : null)), customdata: texts(rows),
      line: { color, dash, width }, marker: { color, size: 7, symbol: MARKS[dash][0] },
      error_y: { type: "data", symmetric: false, array: reach("high"), arrayminus: reach("low"), color, thickness: 1, width: 3 },
      hovertemplate: "<b>%{fullData.name}</b><br>dim %{x}: %{y:.3~s} %{customdata[1]}<br>%{customdata[0]}<extra></extra>",
    }, {
      type: "scatter", mode: "markers", name, x: bounds.map(({ dim }) => dim * aside), y: bounds.map((row) => row.low), customdata: texts(bounds), text: bounds.map(({ dim }) => dim),
      marker: { color, size: 10, symbol: "triangle-up-open", line: { width: 2 } },
      hovertemplate: "<b>%{fullData.name}</b><br>dim %{text}: not reached, %{customdata[0]}<br>the expected runtime is at least %{customdata[2]}<extra></extra>",
    }];
  }

  return () => {
    says.textContent = "";
    const name = problem();
    cells = name === undefined ? [] : cellsOf(name);
    const goal = target();
    if (!cells.length) return page.say(section, "Nothing to draw: no problem of the selected families was run in two dimensions or more.");
    const every = page.optimizers().map((o) => line(o, goal)).filter(({ solved, never }) => solved.length + never.length);
    const byOptimizer = new Map(every.map((one) => [one.o, one]));
    const rank = (o) => { const { solved } = byOptimizer.get(o); return solved.length ? Math.log10(solved.at(-1).runtime) - 100 * solved.length : Infinity; };
    const items = page.optimizerItems(every.map(({ o }) => o), rank, (o) => remark(byOptimizer.get(o)));
    const dims = cells.map((c) => data.cells[c].dim), visible = shown(items);
    // bounds of one height stand side by side
    const aside = (i) => (dims.at(-1) / dims[0]) ** (0.012 * (i - (visible.length - 1) / 2));
    const drawn = visible.flatMap((item, i) => traces(item, byOptimizer.get(item.o), aside(i)));
    page.say(section, drawn.some(({ y }) => y.some((height) => height !== null)) ? "" : "Nothing to draw: none of those selected reached this target beyond its start.");
    const linear = page.scale() === "linear";
    const title = data.prices[page.price()].title ?? data.prices[page.price()].name;
    const margin = 0.1 * Math.log10(dims.at(-1) / dims[0]) + 0.02;
    page.plot(plot, drawn, {
      xaxis: { title: { text: "dim" }, type: "log", tickvals: dims, ticktext: dims.map(String), range: [Math.log10(dims[0]) - margin, Math.log10(dims.at(-1)) + margin] },
      yaxis: { title: { text: `expected runtime: ${title}` }, ...(linear ? { rangemode: "tozero" } : { type: "log", exponentformat: "power", dtick: "D2" }) },
    });
    says.textContent = `${name}, target ${goal}, dims ${dims.join(", ")}.`;
  };
});
