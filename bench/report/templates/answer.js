// The answer: for each family the best optimizer, overall and of each order, within a budget, as Python decided it.
page.answerHead = (first) => {
  const small = (order) => page.element("small", { textContent: `order ${order}` });
  return [first, "Best of all", ...page.data.orders.map(
    ({ order }) => page.element("th", { scope: "col" }, `Best by ${FEELS[order]} `, small(order)))];
};

// the best of a cell: its name, or why there is none, and what stands below
page.answerCell = ({ empty, o }, below) => {
  const { element, data } = page;
  if (empty) return element("td", {}, element("span", { className: "none", textContent: empty }));
  const name = Object.assign(page.named(data.optimizers[o].name), { title: data.optimizers[o].name });
  return element("td", {}, element("div", { className: "who" }, page.dot(data.optimizers[o]), name), ...below());
};

// each cell of a table says what its column is: on a phone the head is hidden
page.labelled = (box) => {
  const labels = [...box.querySelectorAll("thead th")].map((cell) => cell.textContent);
  for (const row of box.querySelectorAll("tbody tr")) {
    [...row.children].forEach((cell, i) => { cell.dataset.label = labels[i]; });
  }
};

// what says how sure a verdict is, with a hint behind it where there is one
page.mark = ({ text, look, hint }) => (hint
  ? page.button({ className: look, textContent: text, "data-hint": hint, "aria-label": `${text}: ${hint}` })
  : page.element("span", { className: look, textContent: text }));

page.chart("answer", (section, { budgets, verdict, body, crossing, says }) => {
  const { data, element, dot } = page;
  const who = (o) => element("b", {}, dot(data.optimizers[o]), page.named(data.optimizers[o].name));
  const set = (/** @type {Segment[]} */ segments) => segments.map(
    (segment) => (typeof segment === "string" ? segment : who(segment.o)));

  function fraction(/** @type {AnswerCell} */ { o, solved, low, high, percent, interval, mark }) {
    const bar = element("span", { className: "fraction", "aria-hidden": "true" }), whisker = element("i");
    bar.style.setProperty("--solved", solved);
    bar.style.setProperty("--color", data.optimizers[o].color);
    Object.assign(whisker.style, { left: `${100 * low}%`, width: `${100 * Math.max(0, high - low)}%` });
    if (interval) bar.append(whisker);
    return element("div", { className: "how" }, bar, element("b", { textContent: percent }),
      ...(interval ? [element("span", { className: "interval", textContent: interval })] : []),
      ...(mark ? [page.mark(mark)] : []));
  }

  return () => {
    const price = page.price(), costs = data.budgets[price] ?? [], at = page.budget(), refocus = page.focused(budgets);
    budgets.replaceChildren(...(costs.length ? [element("span", { className: "label", textContent: "within" })] : []),
      ...costs.map((cost, b) => {
        const choose = page.button({ textContent: page.number(cost), "aria-pressed": String(b === at),
          onclick: () => page.set("budget", b === costs.length - 1 ? null : cost) });
        choose.dataset.key = String(b);
        return choose;
      }));
    refocus();
    const nothing = !data.cells.length ? "No runs, no answer." : !page.families().length ? "No family is selected."
      : !costs.length ? "No run spent anything, so that there is no answer." : "";
    page.say(section, nothing);
    const answer = data.answers[price]?.[at];
    verdict.replaceChildren(...(nothing ? [] : set(answer.sentence)));
    const families = page.families(), alone = families.length === 1 ? families[0] : -1;
    const { crossing: across } = answer?.rows.find(({ family }) => family === alone) ?? answer ?? {};
    crossing.replaceChildren(...(nothing ? [] : set(across)));
    says.textContent = nothing ? "" : answer.caption;
    if (nothing) return;
    const visible = new Set([-1, ...families]);
    const rows = answer.rows.filter(({ family }) => visible.has(family)).map(({ title, note, cells }) => {
      const head = element("th", { scope: "row" }, page.named(title), element("small", { textContent: note }));
      return [head, ...cells.map((cell) => page.answerCell(cell, () => [fraction(cell)]))];
    });
    body.replaceChildren(page.table("answers", page.answerHead("Family"), rows));
    page.labelled(body);
  };
});
