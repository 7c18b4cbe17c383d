// Problem by problem: the best of the selected optimizers at the hardest target that one of them reached in half its runs.
page.chart("problems", (box) => {
  const { data, element, dot, hint, number, counted } = page;
  const successes = page.array("successes");
  const [asked, posed, ran, limit] = [page.array("asked"), page.array("posed"), page.array("ran"), page.array("limit")];
  const body = box.querySelector(".body");
  const orders = data.orders.map(({ order }) => order);
  const LATE = 10 ** 0.1, SURE = 0.025; // as in bench.measure.summaries

  // the probability that all successes fall to the winner, were both as good: C(n, k) / C(n + m, k)
  function chance(k, n, m) {
    let p = 1;
    for (let i = 0; i < k; i++) p *= (n - i) / (n + m - i);
    return p;
  }

  // the best of some optimizers on a cell, with its rivals: see bench.measure.summaries.best_optimizers
  function best(price, c, some) {
    const here = some.map((o) => ({ o, runs: ran.values[page.at(ran.shape, c, o)] })).filter(({ runs }) => runs > 0);
    const planned = (o) => data.cells[c].targets.some((_, slot) => posed.values[page.at(posed.shape, c, o, slot)] > 0);
    if (!here.length) return { none: !some.length ? "none selected" : some.some(planned) ? "skipped" : "not run" };
    const facts = (slot) => here.map(({ o }) => ({
      o, runs: asked.values[page.at(asked.shape, c, o, slot)], successes: successes.values[page.at(successes.shape, c, o, slot)],
      ert: page.value("ert", price, c, o, slot), low: page.value("low", price, c, o, slot), high: page.value("high", price, c, o, slot),
    })).filter((each) => each.runs > 0 && !Number.isNaN(each.ert));
    const slots = data.cells[c].targets.map((_, slot) => slot).reverse();
    for (const half of [true, false]) {
      for (const slot of slots) {
        const asked = facts(slot);
        const [winner] = asked.filter((each) => each.successes > 0 && each.ert > 0 && (!half || each.successes * 2 >= each.runs)).sort((a, b) => a.ert - b.ert);
        if (winner) return { ...winner, slot, compared: asked.length, ...rivalsOf(price, c, winner, asked) };
      }
    }
    return { none: "no target reached" };
  }

  function rivalsOf(price, c, winner, asked) {
    const beyond = winner.high > limit.values[page.at(limit.shape, price, c)]; // where a budget had ended some before
    const close = asked.filter((each) => {
      if (each.o === winner.o) return false;
      const begin = each.low / (data.cells[c].scored ? LATE : 1);
      const worse = begin > winner.high || (each.successes === 0 && chance(winner.successes, winner.runs, each.runs) <= SURE);
      return each.ert === winner.ert || beyond || !worse;
    }).sort((a, b) => a.ert - b.ert);
    return { tied: close.filter((each) => each.ert === winner.ert), rivals: close.filter((each) => each.ert !== winner.ert) };
  }

  const names = (some) => some.map(({ o }) => data.optimizers[o].name).join(", ");

  function remark(text, some) {
    return hint(element("button", { type: "button", className: "unsure", textContent: `${text} ${counted(some.length, "other")}` }), names(some));
  }

  function cell(found, c, overall, first) {
    if (found.none) return element("td", {}, element("span", { className: "none", textContent: found.none }));
    const made = element("td", {}, element("div", { className: "who" }, dot(data.optimizers[found.o]), element("span", { className: "name", textContent: data.optimizers[found.o].name })),
      element("small", {}, element("b", { textContent: number(found.ert) }), ` ${page.interval(found.low, found.high)} · ${found.successes}/${found.runs} · ${data.cells[c].targets[found.slot]}`));
    const more = [];
    if (overall.slot !== undefined && found.slot !== overall.slot) more.push(element("span", { className: "unsure", textContent: "an easier target than that of the best" }));
    if (found.tied.length) more.push(remark("tied with", found.tied));
    if (first && found.rivals.length) more.push(remark(Number.isNaN(found.low) ? "too few runs to tell it from" : "not clearly better than", found.rivals));
    if (first && !found.rivals.length && !found.tied.length && found.compared > 1) more.push(element("span", { className: "sure", textContent: `clearly best of ${found.compared} (n = ${found.runs})` }));
    for (const each of more) made.append(element("small", {}, each));
    return made;
  }

  function draw() {
    if (!box.open) return;
    const price = page.price(), some = page.optimizers();
    const rows = page.cells().map((c) => {
      const overall = best(price, c, some);
      const { problem, dim } = data.cells[c];
      return element("tr", {}, element("th", { scope: "row" }, element("span", { className: "name", textContent: problem }), " ", element("small", { textContent: `dim ${dim}` })),
        cell(overall, c, overall, true), ...orders.map((order) => cell(best(price, c, some.filter((o) => data.optimizers[o].order === order)), c, overall, false)));
    });
    body.replaceChildren(element("table", { className: "answers detail-table" }, element("thead", {}, page.answerHead("Problem")), element("tbody", {}, ...rows)));
    page.labelled(body);
  }

  // the slot of the target of a row: undefined where none reached any
  page.hardest = (price, c, some) => best(price, c, some).slot;

  box.addEventListener("toggle", draw);
  return draw;
});
