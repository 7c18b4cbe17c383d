// Targets solved within a cost: lines of optimizers, orders, families or dims, over any of the selected problems.
page.chart("solved", (section) => {
  const { data, counted } = page;
  const grid = page.array("grid"), solved = page.array("solved"), planned = page.array("planned");
  const [controls, plot, says] = [".controls", ".plot", ".says"].map((name) => section.querySelector(name));
  const HUES = ["#2171c7", "#d55e00", "#00805a", "#c2569b", "#e69f00", "#56b4e9", "#8a6d3b", "#7169d8"];
  const points = grid.shape[1];
  const unique = (list) => [...new Set(list)];

  const LINES = [["optimizer", "optimizers"], ["best", "best of each order"], ["order", "orders"], ["family", "families"], ["dim", "dimensions"]];
  const lines = page.choice(controls, "Lines", "solved.lines", () => LINES);
  const over = page.choice(controls, "Over", "solved.over", () => {
    const cells = page.cells(), families = page.families(), dims = unique(cells.map((c) => data.cells[c].dim)).sort((a, b) => a - b);
    return [["", "all selected problems"],
      ...(families.length > 1 ? families.map((f) => [`family ${data.families[f]}`, `family ${data.families[f]}`]) : []),
      ...(dims.length > 1 ? dims.map((dim) => [`dim ${dim}`, `dim ${dim}`]) : []),
      ...cells.map((c) => [page.cellName(c), page.cellName(c)])];
  });
  const of = page.choice(controls, "Of", "solved.of", () => (["family", "dim"].includes(page.own("solved.lines", ""))
    ? [["", "all selected optimizers"], ...page.optimizers().map((o) => [data.optimizers[o].name, data.optimizers[o].name])] : []));
  const shown = page.legend(section);

  const runs = new Int32Array(data.cells.length * data.optimizers.length); // of each cell and optimizer
  const cellOf = page.array("run_cell").values, optimizerOf = page.array("run_optimizer").values;
  cellOf.forEach((c, r) => { runs[c * data.optimizers.length + optimizerOf[r]] += 1; });

  // the sum over cells and optimizers: pairs solved at each cost, all pairs, runs, and on how many cells there are any
  function sum(price, cells, some) {
    const found = { k: new Float64Array(points), pairs: 0, runs: 0, cells: 0 };
    for (const c of cells) {
      let any = false;
      for (const o of some) {
        const n = planned.values[page.at(planned.shape, price, c, o)];
        if (!n) continue;
        any = true;
        found.pairs += n;
        found.runs += runs[c * data.optimizers.length + o];
        const from = page.at(solved.shape, price, c, o);
        for (let g = 0; g < points; g++) found.k[g] += solved.values[from + g];
      }
      if (any) found.cells += 1;
    }
    return found;
  }

  const height = ({ k, pairs }) => k.reduce((a, b) => a + b, 0) / pairs;

  // what the lines are of: items of a legend, each with the cells and optimizers that it sums
  function groups(kind, cells, some) {
    const hue = (i) => ({ color: HUES[i % HUES.length], dash: Object.keys(DASHES)[Math.floor(i / HUES.length) % 5], width: 2 });
    const item = (id, name, order, style, own) => ({ id, name, order, style, cells, some, ...own });
    if (kind === "order") return data.orders.map(({ order, color }) => item(`order${order}`, `order ${order}, ${FEELS[order]}`, order, { color, dash: "solid", width: 2.5 }, { some: some.filter((o) => data.optimizers[o].order === order) }));
    if (kind === "family") return page.families().map((f) => item(`f${f}`, data.families[f] || "no family", -1, hue(f), { cells: cells.filter((c) => data.cells[c].family === data.families[f]) }));
    if (kind === "dim") return unique(cells.map((c) => data.cells[c].dim)).sort((a, b) => a - b).map((dim, i) => item(`d${dim}`, `dim ${dim}`, -1, hue(i), { cells: cells.filter((c) => data.cells[c].dim === dim) }));
    return page.optimizerItems(some).map((each) => ({ ...each, cells, some: [each.o] }));
  }

  function chosenCells(where) {
    return page.cells().filter((c) => {
      const { family, dim } = data.cells[c];
      return !where || where === page.cellName(c) || where === `family ${family}` || where === `dim ${dim}`;
    });
  }

  return () => {
    const price = page.price(), kind = lines(), where = over(), who = of();
    const cells = chosenCells(where);
    const some = page.optimizers().filter((o) => !who || data.optimizers[o].name === who);
    let items = groups(kind, cells, some).map((item) => ({ ...item, ...{ sum: sum(price, item.cells, item.some) } })).filter((item) => item.sum.pairs);
    const most = Math.max(0, ...items.map((item) => item.sum.cells));
    for (const item of items) {
      const uneven = kind !== "family" && kind !== "dim" && item.sum.cells < most;
      item.rank = -height(item.sum);
      item.remark = `${(100 * item.sum.k[points - 1] / item.sum.pairs).toFixed(0)} %${uneven ? `, on ${item.sum.cells} of ${most} problems` : ""}`;
    }
    if (kind === "best") items = unique(items.map(({ order }) => order)).map((order) => items.filter((item) => item.order === order).sort((a, b) => a.rank - b.rank)[0]);
    page.say(section, items.length ? "" : "Nothing to draw: none of the selected runs has a cost that is known.");
    if (!items.length) return;
    const x = [...grid.values.subarray(price * points, (price + 1) * points)];
    const traces = shown(items).map(({ name, style, sum: { k, pairs, runs: n, cells: on } }) => ({
      type: "scatter", mode: "lines", name: page.escaped(name), x, y: Array.from(k, (count) => count / pairs), customdata: Array.from(k),
      line: { ...style, shape: "hv" },
      hovertemplate: `<b>%{fullData.name}</b><br>within %{x:.4~g}<br><b>%{y:.1%}</b>: %{customdata:,} of ${pairs.toLocaleString("en-US")} pairs<br>${counted(n, "run")} on ${counted(on, "problem")}<extra></extra>`,
    }));
    const cost = data.budgets[price]?.[page.budget()];
    const line = { type: "line", x0: cost, x1: cost, y0: 0, y1: 1, yref: "paper", layer: "below", line: { color: page.theme().colors.soft, width: 1, dash: "dot" } };
    page.plot(plot, traces, { xaxis: page.costAxis(), yaxis: { title: { text: "targets solved" }, range: [0, 1.02], tickformat: ".0%" }, shapes: cost ? [line] : [] });
    const all = sum(price, cells, some);
    says.textContent = `${counted(all.runs, "run")} on ${counted(cells.length, "problem")} (each dim counts)${kind === "order" ? ": all optimizers of an order together, what those invited reach on average, not what the best of an order does" : ""}.`
      + `${items.some((item) => item.remark.includes(" on ")) ? " Curves over different problems do not compare." : ""}`;
  };
});
