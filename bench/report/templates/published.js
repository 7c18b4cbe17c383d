// Ours beside published curves, in the dim that is chosen, and the table of the best expected runtimes.
page.chart("published", (section) => {
  const { data, element, number } = page;
  const { lines, rows } = data.published;
  const [controls, plot, says, body] = [".controls", ".plot", ".says", ".body"].map((name) => section.querySelector(name));
  const dims = [...new Set(lines.map(({ dim }) => dim))];
  const dim = page.choice(controls, "Dimension", "published.dim", () => dims.map((value) => [value, `dim ${value}`]));
  const shown = page.legend(section);

  function trace({ name, x, y, runs, functions }, line) {
    return {
      type: "scatter", mode: "lines", name: page.escaped(name), x, y, line: { ...line, shape: "hv" },
      hovertemplate: `<b>%{fullData.name}</b><br>within %{x:.4~g}<br><b>%{y:.1%}</b> of ${page.counted(runs, "run")} on ${page.counted(functions, "function")}<extra></extra>`,
    };
  }

  const heads = ["Problem", "Ours", "Expected runtime", "Reached", "Published", "By", "Ratio"];
  body.append(element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((textContent) => element("th", { scope: "col", textContent })))),
    element("tbody", {}, ...rows.map((row) => element("tr", {},
      element("th", { scope: "row" }, `${row.problem} `, element("small", { textContent: `dim ${row.dim}` })),
      ...[row.optimizer || "not reached", `${number(row.ert ?? Infinity)} ${row.low === null ? "" : page.interval(row.low, row.high ?? Infinity)}`, `${row.successes}/${row.runs}`,
        number(row.published ?? Infinity), row.algorithm, number(row.ratio)].map((textContent) => element("td", { textContent })))))));

  return () => {
    const at = Number(dim());
    const here = lines.filter((line) => line.dim === at);
    const soft = page.theme().colors.soft;
    const others = here.filter(({ ours }) => !ours).map((line) => (line.name === "best 2009"
      ? trace(line, { color: soft, width: 3 }) : { ...trace(line, { color: soft, width: 1 }), opacity: 0.45 }));
    const ours = new Map(here.filter((line) => line.ours).map((line) => [line.name, line]));
    const items = page.optimizerItems(page.optimizers().filter((o) => ours.has(data.optimizers[o].name)))
      .map((item) => ({ ...item, line: ours.get(item.name), rank: -ours.get(item.name).y.reduce((a, b) => a + b, 0) }));
    page.say(section, here.length ? "" : "Nothing to draw: no run on a function of BBOB in a dim that was published.");
    if (!here.length) return;
    const own = shown(items).map((item) => trace(item.line, item.style));
    page.plot(plot, [...others, ...own], {
      xaxis: { ...page.costAxis(), title: { text: "evaluations; ours: cost at the prices of the suite" } },
      yaxis: { title: { text: "runs that reached f_opt + 1e-8" }, range: [0, 1.02], tickformat: ".0%" },
    });
    says.textContent = `${page.counted(here[0].functions, "function")} in dim ${at}, ${page.counted(items.length, "optimizer")} of ours.`;
  };
});
