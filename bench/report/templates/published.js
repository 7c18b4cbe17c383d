// Ours beside published curves, in the dim that is chosen, and the table of the best expected runtimes.
page.chart("published", (section) => {
  const { data, number, counted } = page;
  const { lines, rows } = data.published;
  const { controls, plot, says, body } = page.parts(section);
  const dims = [...new Set(lines.map((line) => line.dim))];
  const dim = page.choice(controls, "Dimension", "published.dim", () => dims.map((value) => [value, `dim ${value}`]));
  const visible = page.legend(section);

  function trace(/** @type {PublishedLine} */ { name, x, y, runs, functions }, style) {
    return {
      type: "scatter", mode: "lines", name: page.escaped(name), x, y, line: { ...style, shape: "hv" },
      hovertemplate: "<b>%{fullData.name}</b><br>within %{x:.4~g}<br>"
        + `<b>%{y:.1%}</b> of ${counted(runs, "run")} on ${counted(functions, "function")}<extra></extra>`,
    };
  }

  const heads = ["Problem", "Ours", "Expected runtime", "Reached", "Published", "By", "Ratio"];
  body.append(page.table("", heads, rows.map((row) => [
    page.element("th", { scope: "row" }, `${row.problem} `, page.element("small", { textContent: `dim ${row.dim}` })),
    row.optimizer || "not reached",
    `${number(row.ert ?? Infinity)} ${row.low === null ? "" : page.interval(row.low, row.high ?? Infinity)}`,
    `${row.successes}/${row.runs}`, number(row.published ?? Infinity), row.algorithm, number(row.ratio),
  ])));

  return () => {
    const here = lines.filter((line) => line.dim === Number(dim()));
    const { soft } = page.theme().colors;
    const others = here.filter(({ ours }) => !ours).map((line) => (line.name === "best 2009"
      ? trace(line, { color: soft, width: 3 }) : { ...trace(line, { color: soft, width: 1 }), opacity: 0.45 }));
    const ours = new Map(here.filter((line) => line.ours).map((line) => [line.name, line]));
    const line = (o) => ours.get(data.optimizers[o].name);
    const items = page.optimizerItems(page.optimizers().filter(line), (o) => -line(o).y.reduce((a, b) => a + b, 0));
    page.say(section, here.length ? "" : "Nothing to draw: no run on a function of BBOB in a dim that was published.");
    if (!here.length) return;
    page.plot(plot, [...others, ...visible(items).map((item) => trace(line(item.o), item.style))], {
      xaxis: { ...page.costAxis(), title: { text: "evaluations; ours: cost at the prices of the suite" } },
      yaxis: { title: { text: "runs that reached f_opt + 1e-8" }, range: [0, 1.02], tickformat: ".0%" },
    });
    says.textContent = `${counted(here[0].functions, "function")} in dim ${dim()}, `
      + `${counted(items.length, "optimizer")} of ours.`;
  };
});
