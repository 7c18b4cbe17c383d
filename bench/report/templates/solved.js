// Targets solved within a cost: lines of optimizers, orders, families or dims, over any of the selected problems.
page.figure("solved", (section, { controls }) => {
  const { data, counted } = page;
  const points = page.array("grid").shape[1];
  const dimsOf = (cells) => [...new Set(cells.map((c) => data.cells[c].dim))].sort((a, b) => a - b);

  const lines = page.choice(controls, "Lines", "solved.lines", () => [["optimizer", "optimizers"],
    ["best", "best of each order"], ["order", "orders"], ["family", "families"], ["dim", "dimensions"]]);
  const over = page.choice(controls, "Over", "solved.over", () => {
    const lists = [page.families().map((f) => `family ${data.families[f]}`),
      dimsOf(page.cells()).map((dim) => `dim ${dim}`)].filter((list) => list.length > 1);
    return [["", "all selected problems"], ...lists.flat(), ...page.cellNames()];
  });
  const among = page.choice(controls, "Of", "solved.of", () => (["family", "dim"].includes(page.own("solved.lines"))
    ? [["", "all selected optimizers"], ...page.optimizers().map((o) => data.optimizers[o].name)] : []));
  const visible = page.legend(section);

  // the sum over cells and optimizers: pairs solved at each cost, all pairs, runs, and the cells where there are any
  function sum(price, cells, optimizers) {
    const total = { k: new Float64Array(points), pairs: 0, runs: 0, on: new Set() };
    for (const c of cells) for (const o of optimizers) {
      const pairs = page.value("planned", price, c, o);
      if (!pairs) continue;
      total.pairs += pairs;
      total.runs += page.value("runs", c, o);
      total.on.add(c);
      page.row("solved", price, c, o).forEach((k, g) => { total.k[g] += k; });
    }
    return total;
  }

  /** what the lines are of: items of a legend, each with the cells and optimizers that it sums @returns {Item[]} */
  function groups(kind, cells, optimizers) {
    const line = { order: -1, cells, optimizers };
    const ofCells = (values, nameOf) => values.map((value, i) => ({ ...line, id: `${kind}${value}`, name: nameOf(value),
      style: page.tint(i), cells: cells.filter((c) => data.cells[c][kind] === value) }));
    if (kind === "family") return ofCells(page.families().map((f) => data.families[f]), (name) => name || "no family");
    if (kind === "dim") return ofCells(dimsOf(cells), (dim) => `dim ${dim}`);
    if (kind !== "order") return page.items(optimizers.map((o) => ({ ...line, o, optimizers: [o] })));
    return data.orders.map(({ order, color }) => ({ ...line, order, id: `order${order}`,
      name: `order ${order}, ${FEELS[order]}`, style: { color, dash: "solid", width: 2.5 },
      optimizers: optimizers.filter((o) => data.optimizers[o].order === order) }));
  }

  return () => {
    const price = page.price(), kind = lines(), where = over(), of = among();
    const cells = page.cells().filter((c) => {
      const { name, family, dim } = data.cells[c];
      return !where || [name, `family ${family}`, `dim ${dim}`].includes(where);
    });
    const optimizers = page.optimizers().filter((o) => !of || data.optimizers[o].name === of);
    const sums = groups(kind, cells, optimizers)
      .map((item) => ({ ...item, ...sum(price, item.cells, item.optimizers) })).filter(({ pairs }) => pairs);
    if (!sums.length) return "Nothing to draw: none of the selected runs has a cost that is known.";
    const most = Math.max(...sums.map(({ on }) => on.size));
    const fewer = ({ on }) => kind !== "family" && kind !== "dim" && on.size < most;
    let items = sums.map((item) => ({ ...item, rank: -item.k.reduce((a, b) => a + b, 0) / item.pairs,
      remark: page.percent(item.k[points - 1] / item.pairs)
        + (fewer(item) ? `, on ${item.on.size} of ${most} problems` : "") }));
    if (kind === "best") {
      const ranked = items.toSorted((a, b) => a.rank - b.rank);
      items = data.orders.flatMap(({ order }) => ranked.filter((item) => item.order === order).slice(0, 1));
    }
    const x = [...page.row("grid", price)];
    const traces = visible(items).map((item) => page.steps(item,
      x.map((cost, g) => [cost, item.k[g] / item.pairs, item.k[g]]),
      `within %{x:.4~g}<br><b>%{y:.1%}</b>: %{customdata[0]:,} of ${counted(item.pairs, "pair")}<br>`
        + `${counted(item.runs, "run")} on ${counted(item.on.size, "problem")}`));
    const cost = data.budgets[price]?.[page.budget()];
    const line = { type: "line", x0: cost, x1: cost, y0: 0, y1: 1, yref: "paper", layer: "below",
      line: { color: page.theme().colors.soft, width: 1, dash: "dot" } };
    const together = kind === "order" ? ": all optimizers of an order together, what those invited reach on average, "
      + "not what the best of an order does" : "";
    return { traces, xaxis: page.costAxis(), yaxis: page.fractionAxis("targets solved"), shapes: cost ? [line] : [],
      says: `${counted(sum(price, cells, optimizers).runs, "run")} on ${counted(cells.length, "problem")} (each dim `
        + `counts)${together}.${sums.some(fewer) ? " Curves over different problems do not compare." : ""}` };
  };
});
