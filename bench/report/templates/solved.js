// Targets solved within a cost: lines of optimizers, orders, families or dims, over any of the selected problems.
page.chart("solved", (section, { controls, plot, says }) => {
  const { data, counted } = page;
  const HUES = ["#2171c7", "#d55e00", "#00805a", "#c2569b", "#e69f00", "#56b4e9", "#8a6d3b", "#7169d8"];
  const points = page.array("grid").shape[1];
  const dimsOf = (cells) => [...new Set(cells.map((c) => data.cells[c].dim))].sort((a, b) => a - b);

  const LINES = [["optimizer", "optimizers"], ["best", "best of each order"], ["order", "orders"],
    ["family", "families"], ["dim", "dimensions"]];
  const lines = page.choice(controls, "Lines", "solved.lines", () => LINES);
  const over = page.choice(controls, "Over", "solved.over", () => {
    const families = page.families().map((f) => `family ${data.families[f]}`);
    const dims = dimsOf(page.cells()).map((dim) => `dim ${dim}`);
    return [["", "all selected problems"], ...(families.length > 1 ? families : []), ...(dims.length > 1 ? dims : []),
      ...page.cells().map(page.cellName)];
  });
  const among = page.choice(controls, "Of", "solved.of", () => (["family", "dim"].includes(page.own("solved.lines"))
    ? [["", "all selected optimizers"], ...page.optimizers().map((o) => data.optimizers[o].name)] : []));
  const visible = page.legend(section);

  const runs = new Int32Array(data.cells.length * data.optimizers.length); // of each cell and optimizer
  const optimizerOf = page.array("run_optimizer").values;
  page.array("run_cell").values.forEach((c, r) => { runs[c * data.optimizers.length + optimizerOf[r]] += 1; });

  // the sum over cells and optimizers: pairs solved at each cost, all pairs, runs, and on how many cells there are any
  function sum(price, cells, optimizers) {
    const total = { k: new Float64Array(points), pairs: 0, runs: 0, cells: new Set() };
    for (const c of cells) for (const o of optimizers) {
      const pairs = page.value("planned", price, c, o);
      if (!pairs) continue;
      total.pairs += pairs;
      total.runs += runs[c * data.optimizers.length + o];
      total.cells.add(c);
      page.row("solved", price, c, o).forEach((k, g) => { total.k[g] += k; });
    }
    return total;
  }

  // what the lines are of: items of a legend, each with the cells and optimizers that it sums
  function groups(kind, cells, optimizers) {
    const line = { order: -1, cells, optimizers, rank: 0, remark: "" };
    const ofCells = (key, values, name) => values.map((value, i) => ({ ...line, id: `${key}${value}`, name: name(value),
      style: { color: HUES[i % HUES.length], dash: Object.keys(DASHES)[Math.floor(i / HUES.length) % 5], width: 2 },
      cells: cells.filter((c) => data.cells[c][key] === value) }));
    const ofOrder = ({ order, color }) => ({ ...line, id: `order${order}`, name: `order ${order}, ${FEELS[order]}`,
      order, style: { color, dash: "solid", width: 2.5 },
      optimizers: optimizers.filter((o) => data.optimizers[o].order === order) });
    const families = page.families().map((f) => data.families[f]);
    return kind === "family" ? ofCells(kind, families, (name) => name || "no family")
      : kind === "dim" ? ofCells(kind, dimsOf(cells), (dim) => `dim ${dim}`)
        : kind === "order" ? data.orders.map(ofOrder)
          : page.optimizerItems(optimizers).map((item) => ({ ...item, cells, optimizers: [item.o] }));
  }

  function chosenCells(where) {
    return page.cells().filter((c) => {
      const { family, dim } = data.cells[c];
      return !where || where === page.cellName(c) || where === `family ${family}` || where === `dim ${dim}`;
    });
  }

  return () => {
    const price = page.price(), kind = lines(), cells = chosenCells(over()), name = among();
    const optimizers = page.optimizers().filter((o) => !name || data.optimizers[o].name === name);
    let items = groups(kind, cells, optimizers)
      .map((item) => ({ ...item, sum: sum(price, item.cells, item.optimizers) })).filter((item) => item.sum.pairs);
    const most = Math.max(0, ...items.map((item) => item.sum.cells.size));
    let uneven = false;
    for (const item of items) {
      const { k, pairs, cells: { size } } = item.sum, fewer = kind !== "family" && kind !== "dim" && size < most;
      item.rank = -k.reduce((a, b) => a + b, 0) / pairs;
      item.remark = `${page.percent(k[points - 1] / pairs)}${fewer ? `, on ${size} of ${most} problems` : ""}`;
      uneven ||= fewer;
    }
    if (kind === "best") {
      const ranked = items.toSorted((a, b) => a.rank - b.rank);
      items = data.orders.flatMap(({ order }) => ranked.filter((item) => item.order === order).slice(0, 1));
    }
    const none = "Nothing to draw: none of the selected runs has a cost that is known.";
    if (page.say(section, items.length ? "" : none)) return;
    const x = [...page.row("grid", price)];
    const traces = visible(items).map(({ name: title, style, sum: { k, pairs, runs: n, cells: on } }) => page.trace(
      { name: title, style: { ...style, shape: "hv" } },
      { x, y: Array.from(k, (count) => count / pairs), customdata: Array.from(k) },
      `within %{x:.4~g}<br><b>%{y:.1%}</b>: %{customdata:,} of ${counted(pairs, "pair")}<br>`
        + `${counted(n, "run")} on ${counted(on.size, "problem")}`));
    const cost = data.budgets[price]?.[page.budget()];
    const line = { type: "line", x0: cost, x1: cost, y0: 0, y1: 1, yref: "paper", layer: "below",
      line: { color: page.theme().colors.soft, width: 1, dash: "dot" } };
    page.plot(plot, traces, { xaxis: page.costAxis(), shapes: cost ? [line] : [],
      yaxis: page.fractionAxis("targets solved") });
    const together = kind === "order" ? ": all optimizers of an order together, what those invited reach on average, "
      + "not what the best of an order does" : "";
    says.textContent = `${counted(sum(price, cells, optimizers).runs, "run")} on ${counted(cells.length, "problem")} `
      + `(each dim counts)${together}.${uneven ? " Curves over different problems do not compare." : ""}`;
  };
});
