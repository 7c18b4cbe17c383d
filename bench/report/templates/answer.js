// The answer: for each family the best optimizer, overall and of each order, within a budget, as Python decided it.

// a table of the best overall and of each order; each cell says what its column is: on a phone the head is hidden
page.answerTable = (box, className, first, rows) => {
  const { element } = page;
  const heads = page.data.orders.map(({ order }) => element("th", { scope: "col" }, `Best by ${FEELS[order]} `,
    element("small", { textContent: `order ${order}` })));
  box.replaceChildren(page.table(className, [first, "Best of all", ...heads], rows));
  const labels = [...box.querySelectorAll("thead th")].map((cell) => cell.textContent);
  for (const row of box.querySelectorAll("tbody tr")) {
    [...row.children].forEach((cell, i) => { cell.dataset.label = labels[i]; });
  }
};

// the best of a cell: its name, or why there is none, and what stands below
page.answerCell = ({ empty, o }, below) => {
  const { element, data } = page;
  if (empty) return element("td", {}, element("span", { className: "none", textContent: empty }));
  const name = Object.assign(page.named(data.optimizers[o].name), { title: data.optimizers[o].name });
  return element("td", {}, element("div", { className: "who" }, page.dot(data.optimizers[o]), name), ...below());
};

// what says how sure a verdict is, with a hint behind it where there is one
page.mark = ({ text, look, hint }) => (hint
  ? page.button({ className: look, textContent: text, "data-hint": hint, "aria-label": `${text}: ${hint}` })
  : page.element("span", { className: look, textContent: text }));

page.chart("answer", (section, { budgets, verdict, body, crossing, says }) => {
  const { data, element } = page;
  const set = (/** @type {Segment[]} */ segments) => segments.map((each) => (typeof each === "string" ? each
    : element("b", {}, page.dot(data.optimizers[each.o]), page.named(data.optimizers[each.o].name))));

  function evidence(/** @type {AnswerCell} */ { o, solved, low, high, text, interval, mark, failed }) {
    const bar = element("span", { className: "fraction", "aria-hidden": "true" }), whisker = element("i");
    bar.style.setProperty("--solved", solved);
    bar.style.setProperty("--color", data.optimizers[o].color);
    Object.assign(whisker.style, { left: `${100 * low}%`, width: `${100 * Math.max(0, high - low)}%` });
    if (low !== null) bar.append(whisker);
    return element("div", { className: "how" }, solved === undefined ? "" : bar, element("b", { textContent: text }),
      ...(interval ? [element("span", { className: "interval", textContent: interval })] : []),
      ...[mark, failed].filter(Boolean).map(page.mark));
  }

  return () => {
    const costs = data.budgets[page.price()] ?? [], at = page.budget(), refocus = page.focused(budgets);
    budgets.replaceChildren(...(costs.length ? [element("span", { className: "label", textContent: "within" })] : []),
      ...costs.map((cost, b) => page.button({ textContent: page.number(cost), "aria-pressed": String(b === at),
        "data-key": b, onclick: () => page.set({ budget: b === costs.length - 1 ? null : cost }) })));
    refocus();
    const families = page.families(), alone = families.length === 1 ? families[0] : -1;
    const nothing = !data.cells.length ? "No runs, no answer." : !families.length ? "No family is selected."
      : !costs.length ? "No run spent anything, so that there is no answer." : "";
    for (const words of [verdict, crossing, says]) words.replaceChildren();
    if (page.say(section, nothing)) return;
    const answer = data.answers[page.price()][at];
    verdict.append(...set(answer.sentence));
    crossing.append(...set((answer.rows.find(({ family }) => family === alone) ?? answer).crossing));
    says.append(answer.caption);
    const rows = answer.rows.filter(({ family }) => family < 0 || families.includes(family));
    page.answerTable(body, "answers", "Family", rows.map(({ title, note, cells }) => {
      const head = element("th", { scope: "row" }, page.named(title), element("small", { textContent: note }));
      return [head, ...cells.map((cell) => page.answerCell(cell, () => [evidence(cell)]))];
    }));
  };
});
