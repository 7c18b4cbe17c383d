// The answer: for each family the best of the selected optimizers, overall and of each order, within a budget.
page.answerHead = (first) => page.element("tr", {}, ...[first, "Best of all"].map((textContent) => page.element("th", { scope: "col", textContent })),
  ...page.data.orders.map(({ order }) => page.element("th", { scope: "col" }, `Best by ${FEELS[order]} `, page.element("small", { textContent: `order ${order}` }))));

// each cell of a table says what its column is: on a phone the head is hidden
page.labelled = (box) => {
  const labels = [...box.querySelectorAll("thead th")].map((cell) => cell.textContent);
  for (const row of box.querySelectorAll("tbody tr")) [...row.children].forEach((cell, i) => { cell.dataset.label = labels[i]; });
};

page.chart("answer", (section) => {
  const { data, element, dot, hint, counted } = page;
  const score = page.array("score"), sure = page.array("sure"), planned = page.array("planned"), ran = page.array("ran");
  const limit = page.array("limit"), tests = page.array("tests");
  const [budgets, verdict, body, crossing, says] = [".budgets", ".verdict", ".body", ".crossing", ".says"].map((name) => section.querySelector(name));
  const orders = data.orders.map(({ order }) => order);
  const ALL = data.families.length;
  const percent = (x) => (x > 0 && x < 0.005 ? "< 1 %" : x < 1 && x > 0.995 ? "> 99 %" : `${Math.round(100 * x)} %`);
  const short = (names, most) => `${names.slice(0, most).join(", ")}${names.length > most ? ` and ${names.length - most} more` : ""}`;
  const amount = ({ price, cost }) => data.prices[price].amount.replace("{}", page.number(cost));
  const name = (o) => data.optimizers[o].name;
  const cellsOf = (families) => page.cells().filter((c) => families.includes(data.families.indexOf(data.cells[c].family)));

  // the place of families in the arrays; null where there are none of just these
  const familyOf = (families) => (families.length === 1 ? families[0] : families.length === ALL ? ALL : null);

  // on how many problems nobody counts beyond a lower cost, at which a budget ended another
  const limited = (price, cost) => page.cells().filter((c) => limit.values[page.at(limit.shape, price, c)] < cost).length;

  // [solved, low, high] of an optimizer; over some of the families their mean, whose interval is not known
  function scoreOf(at, families, o) {
    const value = (f, which) => score.values[page.at(score.shape, at.price, at.budget, f, o, which)];
    const row_ = familyOf(families);
    if (row_ !== null) {
      const [solved, low, high] = [0, 1, 2].map((which) => value(row_, which));
      return Number.isNaN(high) ? [solved, NaN, NaN] : [solved, low, high];
    }
    const counts = families.map((f) => cellsOf([f]).length), n = counts.reduce((a, b) => a + b, 0);
    return [families.reduce((sum, f, i) => sum + (counts[i] * value(f, 0)) / n, 0), NaN, NaN];
  }

  const began = (o, cells) => cells.some((c) => ran.values[page.at(ran.shape, c, o)] > 0);

  // who met all of the problems and could run on some, at a cost that is known, with their scores, the best first; left:
  // how many did not
  function ranked(at, families, some) {
    const cells = cellsOf(families);
    const whole = some.filter((o) => cells.every((c) => planned.values[page.at(planned.shape, at.price, c, o)] > 0));
    const known = whole.filter((o) => began(o, cells)).map((o) => ({ o, score: scoreOf(at, families, o) })).filter((each) => !Number.isNaN(each.score[0]));
    known.sort((a, b) => b.score[0] - a.score[0] || (name(a.o) < name(b.o) ? -1 : 1));
    return { known, left: some.length - known.length, cells };
  }

  // the best of those ranked, and who cannot be told from it; null where nobody solved anything
  function best(at, families, { known, cells }) {
    if (!known.length || known[0].score[0] === 0) return null;
    const [first, ...rest] = known;
    const row = familyOf(families);
    const told = ({ o }) => sure.values[page.at(sure.shape, at.price, at.budget, row, first.o, o)]; // 1: surely worse; 2: too few runs
    const rivals = row === null ? null : rest.filter((rival) => told(rival) !== 1);
    const runs = Math.min(...[first, ...rest].flatMap(({ o }) => cells.map((c) => ran.values[page.at(ran.shape, c, o)])).filter((n) => n > 0));
    const few = rivals !== null && 2 * rivals.length > rest.length && 2 * rivals.filter((rival) => told(rival) === 2).length > rivals.length;
    return { ...first, rivals, compared: rest.length, runs, few, pairs: tested(at, families) };
  }

  // how many pairs of optimizers Holm's correction was over; 0 where nothing was tested
  const tested = (at, families) => (familyOf(families) === null ? 0 : tests.values[page.at(tests.shape, at.price, at.budget, familyOf(families))]);

  function certainty({ o, rivals, compared, few, pairs }) {
    if (!compared || rivals === null) return [];
    const over = `(corrected for ${counted(pairs, "pair")} of optimizers)`;
    if (!rivals.length) return [hint(element("button", { type: "button", className: "sure", textContent: "✓ clearly best" }), `Surely better than ${compared > 1 ? `each of ${compared} others` : "the other"} ${over}`)];
    const names = short(rivals.map((rival) => name(rival.o)), 12);
    const button = element("button", { type: "button", className: "unsure", textContent: few ? "too few runs" : `≈ ${counted(rivals.length, "other")}`,
      "aria-label": few ? `too few runs to tell ${name(o)} from ${names}` : `${name(o)} is not surely better than ${names}` });
    return [hint(button, `${few ? "Too few runs to tell it from" : "Not surely better than"}: ${names} ${over}`)];
  }

  function cell(found, empty) {
    if (!found) return element("td", {}, element("span", { className: "none", textContent: empty }));
    const [solved, low, high] = found.score;
    const bar = element("span", { className: "share", "aria-hidden": "true" });
    bar.style.setProperty("--solved", solved);
    bar.style.setProperty("--color", data.optimizers[found.o].color);
    if (!Number.isNaN(low)) bar.append(whisker(low, high));
    const digits = (x) => Math.round(100 * x);
    return element("td", {},
      element("div", { className: "who" }, dot(data.optimizers[found.o]), element("span", { className: "name", textContent: name(found.o), title: name(found.o) })),
      element("div", { className: "how" }, bar, element("b", { textContent: percent(solved) }),
        ...(Number.isNaN(low) ? [] : [element("span", { className: "interval", textContent: `[${digits(low)}, ${digits(high)}]` })]), ...certainty(found)));
  }

  const none = (some, { known, cells }) => (!some.length ? "none selected" : !some.some((o) => began(o, cells)) ? "cannot be run" : !known.length ? "none met all" : "nothing solved");

  function whisker(low, high) {
    const made = element("i");
    made.style.left = `${100 * low}%`;
    made.style.width = `${100 * Math.max(0, high - low)}%`;
    return made;
  }

  function row(at, title, families, some) {
    const all = ranked(at, families, some);
    const columns = orders.map((order) => {
      const own = some.filter((o) => data.optimizers[o].order === order);
      const standing = ranked(at, families, own);
      return cell(best(at, families, standing), none(own, standing));
    });
    const small = counted(all.cells.length, "problem");
    return element("tr", {}, element("th", { scope: "row" }, element("span", { className: "name", textContent: title }), element("small", { textContent: small })),
      cell(best(at, families, all), none(some, all)), ...columns);
  }

  function sentence(at, families, some) {
    const over = families.length === ALL && page.cells().length > 1 ? `all ${counted(page.cells().length, "problem")}` : `${counted(page.cells().length, "problem")} of ${short(families.map((f) => data.families[f]), 3)}`;
    const standing = ranked(at, families, some), found = best(at, families, standing);
    const cut = limited(at.price, at.cost);
    const within = `Within ${amount(at)}${cut ? ` (less on ${counted(cut, "problem")}: see below)` : ""}`;
    if (!standing.known.length) return [`None of the selected optimizers met all of ${over} at a cost that is known.`];
    if (!found) return [`${within}, over ${over}, no optimizer of those selected reached any target.`];
    const [solved, low, high] = found.score;
    const span = Number.isNaN(low) ? "" : ` [${Math.round(100 * low)}, ${Math.round(100 * high)}]`;
    const [equal, others] = [true, false].map((same) => (found.rivals ?? []).filter(({ score }) => (score[0] === solved) === same).map(({ o }) => name(o)));
    const as = equal.length ? `, as much as ${short(equal, 3)}` : "";
    const how = !found.compared ? "" : found.rivals === null ? "; how sure that is stands beside each family"
      : !found.rivals.length ? `, clearly more than ${found.compared > 1 ? `each of the ${found.compared} others` : "the other"}`
        : found.few ? `${as} (${counted(found.runs, "run")} on a problem: too few to be sure)` : `${as}${others.length ? `, but not surely more than ${short(others, 3)}` : ""}`;
    const rest = standing.left ? ` ${counted(standing.left, "other")} did not meet all of them at a cost that is known, or could not run, and ${standing.left === 1 ? "is" : "are"} not compared.` : "";
    return [`${within}, over ${over}, `, element("b", {}, dot(data.optimizers[found.o]), name(found.o)), ` solves most: ${percent(solved)} of the targets${span}${how}.${rest}`];
  }

  function crossed(at, families, some) {
    const row_ = familyOf(families);
    const lines = row_ === null ? [] : data.crossings[at.price]?.[row_] ?? [];
    const selected = new Set(some);
    if (!lines.length || lines.some(([below, above]) => !selected.has(below) || !selected.has(above))) return [];
    const who = (o) => element("b", { className: "name", textContent: name(o) });
    const parts = lines.flatMap(([below, above, cost], i) => [i ? "; " : "It depends on the budget: ", who(below), " is surely ahead of ", who(above), ` somewhere below ${amount({ price: at.price, cost })}, and surely behind somewhere above`]);
    return [...parts, " (2.5 standard errors)."];
  }

  return () => {
    const price = page.price(), known = data.budgets[price] ?? [];
    const at = { price, budget: page.budget(), cost: known[page.budget()] };
    const some = page.optimizers(), families = page.families();
    budgets.replaceChildren(...(known.length ? [element("span", { className: "label", textContent: "within" })] : []), ...known.map((value, b) => {
      const button = element("button", { type: "button", textContent: page.number(value), onclick: () => {
        page.set("budget", b === known.length - 1 ? null : value);
        budgets.querySelectorAll("button")[b].focus();
      } });
      button.setAttribute("aria-pressed", String(b === at.budget));
      return button;
    }));
    const nothing = !data.cells.length ? "No runs, no answer." : !some.length ? "No optimizer is selected." : !families.length ? "No family is selected." : !known.length ? "No run spent anything, so that there is no answer." : "";
    page.say(section, nothing);
    verdict.replaceChildren(...(nothing ? [] : sentence(at, families, some)));
    crossing.replaceChildren(...(nothing ? [] : crossed(at, families, some)));
    if (nothing) return;
    const head = page.answerHead("Family");
    const title = families.length === ALL ? "all problems" : "all selected";
    const rows = [...(families.length > 1 ? [[title, families]] : []), ...families.map((f) => [data.families[f] || "no family", [f]])];
    body.replaceChildren(element("table", { className: "answers" }, element("thead", {}, head), element("tbody", {}, ...rows.map(([name_, own]) => row(at, name_, own, some)))));
    page.labelled(body);
    const counts = page.cells().flatMap((c) => some.map((o) => ran.values[page.at(ran.shape, c, o)])).filter((n) => n > 0);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const runs = !counts.length ? "no runs" : `${least === most ? "" : `${least} to `}${counted(most, "run")} of an optimizer on a problem`;
    const cut = limited(price, Infinity);
    const ended = cut ? ` On ${cut} of ${counted(page.cells().length, "problem")} a budget ended some optimizers before others: there nobody counts beyond the cost at which it ended the first, whoever is selected.` : "";
    const pairs = rows.map(([, own]) => tested(at, own)).filter((n) => n > 0), [fewest, highest] = [Math.min(...pairs), Math.max(...pairs)];
    const corrected = pairs.length ? `; corrected for ${fewest < highest ? `${fewest} to ` : ""}${counted(highest, "pair")} of optimizers in a row` : "";
    says.textContent = `Within ${amount(at)} (${data.prices[price].note}); n: ${runs}${corrected}.${ended}`;
  };
});
