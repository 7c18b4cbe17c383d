// Ours beside published curves, in the dim that is chosen.
page.chart("published", (section, { controls, plot, says }) => {
  const { data, counted } = page;
  const { lines } = data.published;
  const dims = [...new Set(lines.map((line) => line.dim))];
  const dim = page.choice(controls, "Dimension", "published.dim", () => dims.map((value) => [value, `dim ${value}`]));
  const visible = page.legend(section);

  const trace = (/** @type {PublishedLine} */ { name, x, y, runs, functions }, style) => page.trace(
    { name, style: { ...style, shape: "hv" } }, { x, y },
    `within %{x:.4~g}<br><b>%{y:.1%}</b> of ${counted(runs, "run")} on ${counted(functions, "function")}`);

  return () => {
    const here = lines.filter((line) => line.dim === Number(dim()));
    const { soft } = page.theme().colors;
    const others = here.filter(({ ours }) => !ours).map((line) => (line.name === "best 2009"
      ? trace(line, { color: soft, width: 3 }) : { ...trace(line, { color: soft, width: 1 }), opacity: 0.45 }));
    const ours = new Map(here.filter((line) => line.ours).map((line) => [line.name, line]));
    const line = (o) => ours.get(data.optimizers[o].name);
    const items = page.optimizerItems(page.optimizers().filter(line), (o) => -line(o).y.reduce((a, b) => a + b, 0));
    const none = "Nothing to draw: no run on a function of BBOB in a dim that was published.";
    if (page.say(section, here.length ? "" : none)) return;
    page.plot(plot, [...others, ...visible(items).map((item) => trace(line(item.o), item.style))], {
      xaxis: { ...page.costAxis(), title: { text: "evaluations; ours: cost at the prices of the suite" } },
      yaxis: page.fractionAxis("runs that reached f_opt + 1e-8"),
    });
    says.textContent = `${counted(here[0].functions, "function")} in dim ${dim()}, `
      + `${counted(items.length, "optimizer")} of ours.`;
  };
});
