// Ours beside published curves, in the dim that is chosen.
page.figure("published", (section, { controls }) => {
  const { data, counted } = page, { lines } = data.published;
  const dims = [...new Set(lines.map((line) => line.dim))];
  const dim = page.choice(controls, "Dimension", "published.dim", () => dims.map((value) => [value, `dim ${value}`]));
  const visible = page.legend(section);

  const trace = (/** @type {PublishedLine & { style: object }} */ { x, y, runs, functions, ...item }) => page.steps(
    item, x.map((cost, i) => [cost, y[i]]),
    `within %{x:.4~g}<br><b>%{y:.1%}</b> of ${counted(runs, "run")} on ${counted(functions, "function")}`);

  return () => {
    const here = lines.filter((line) => line.dim === Number(dim())), color = page.theme().colors.soft;
    if (!here.length) return data.words.not_published;
    const others = here.filter(({ ours }) => !ours).map((line) => {
      const [width, opacity] = line.name === "best 2009" ? [3, 1] : [1, 0.45];
      return { ...trace({ ...line, style: { color, width } }), opacity };
    });
    const ours = page.optimizers().flatMap((o) => here
      .filter((line) => line.ours && line.name === data.optimizers[o].name).map((line) => ({ ...line, o })));
    const items = page.items(ours, ({ y }) => -y.reduce((a, b) => a + b, 0));
    return { traces: [...others, ...visible(items).map(trace)],
      xaxis: { ...page.costAxis(), title: { text: "evaluations; ours: cost at the prices of the suite" } },
      yaxis: page.fractionAxis("runs that reached f_opt + 1e-8"),
      says: `${counted(here[0].functions, "function")} in dim ${dim()}, `
        + `${counted(items.length, "optimizer")} of ours.` };
  };
});
