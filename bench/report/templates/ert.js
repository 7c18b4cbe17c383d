// The table of expected runtimes: problems by optimizers at a target, to sort, filter and copy; a cell shows its runs.
page.chart("ert", (section) => {
  const { data, element, dot, number, interval, counted } = page;
  const [ert, low, high, successes, asked, posed, runtimes] = ["ert", "low", "high", "successes", "asked", "posed", "runtimes"].map(page.array);
  const [controls, body, status, dialog] = [".controls", ".body", ".status", "dialog"].map((name) => section.querySelector(name));
  const name = (o) => data.optimizers[o].name;

  const target = page.choice(controls, "Target", "ert.target", () => {
    const known = new Map(); // name: [kind, -value], by which targets are sorted
    for (const c of page.cells()) for (const text of data.cells[c].targets) known.set(text, [text.startsWith("gap") ? 0 : 1, -parseFloat(text.replace("gap ", ""))]);
    const names = [...known].sort(([, a], [, b]) => a[0] - b[0] || a[1] - b[1]).map(([text]) => [text, text]);
    return names.length ? [["", "of each row the hardest reached in half the runs"], ...names] : [];
  });
  const filter = element("input", { type: "search", placeholder: "Filter problems", "aria-label": "Filter problems", oninput: () => page.set("ert.filter", filter.value || null, { replace: true }) });
  controls.append(filter);
  const copies = element("span", { className: "group", role: "group", "aria-label": "Copy the table" }, element("span", { className: "label", textContent: "copy as" }));
  for (const [kind, write] of Object.entries({ TSV: (t) => separated(t, "\t"), CSV: (t) => separated(t, ","), Markdown: markdown })) {
    copies.append(element("button", { type: "button", textContent: kind, onclick: () => copy(kind, write(current)) }));
  }
  controls.append(copies);
  let current = { rows: [], some: [] };

  // the table as data

  function entry(price, c, o, slot) {
    const value = ({ shape, values }) => values[page.at(shape, price, c, o, slot)];
    const runs = asked.values[page.at(asked.shape, c, o, slot)], skipped = !runs && posed.values[page.at(posed.shape, c, o, slot)] > 0;
    return { c, o, slot, ert: value(ert), low: value(low), high: value(high), k: successes.values[page.at(successes.shape, c, o, slot)], runs, skipped };
  }

  function table() {
    const price = page.price(), some = page.optimizers(), wanted = target();
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (c) => words.every((word) => `${data.cells[c].problem} dim ${data.cells[c].dim} ${data.cells[c].family}`.toLowerCase().includes(word));
    const rows = [];
    for (const c of page.cells().filter(fits)) {
      const slot = wanted ? data.cells[c].targets.indexOf(wanted) : page.hardest(price, c, some);
      if (slot === undefined || slot < 0) continue;
      const entries = some.map((o) => entry(price, c, o, slot));
      rows.push({ c, slot, entries, least: Math.min(...entries.map((each) => each.ert).filter(Number.isFinite)) });
    }
    return { some, rows: sorted(rows, some) };
  }

  // by a column, ∞ behind numbers and what is not known behind all
  function sorted(rows, some) {
    const by = page.own("ert.sort", ""), down = by.startsWith("-");
    const column = by === "problem" || by === "-problem" ? -1 : some.findIndex((o) => name(o) === (down ? by.slice(1) : by));
    if (column < 0) return by === "-problem" ? rows.toReversed() : rows;
    const key = ({ entries }) => entries[column].ert;
    const known = rows.filter((row) => !Number.isNaN(key(row))), rest = rows.filter((row) => Number.isNaN(key(row)));
    known.sort((a, b) => (key(a) === key(b) ? 0 : key(a) < key(b) ? -1 : 1));
    return [...(down ? known.reverse() : known), ...rest];
  }

  // the table on the page

  function header(text, key, ...signs) {
    const by = page.own("ert.sort", "");
    const next = by === key ? `-${key}` : by === `-${key}` ? null : key;
    const mark = by === key ? " ▲" : by === `-${key}` ? " ▼" : "";
    const button = element("button", { type: "button", title: "sort", onclick: () => page.set("ert.sort", next) }, ...signs, element("span", { className: "name", textContent: text }), mark);
    button.dataset.key = key;
    return element("th", { scope: "col", "aria-sort": by === key ? "ascending" : by === `-${key}` ? "descending" : "none" }, button);
  }

  function cell(each, least) {
    if (each.skipped) return element("td", { className: "none", textContent: "skipped" });
    if (Number.isNaN(each.ert)) return element("td", { className: "none", textContent: "-", title: each.runs ? "its cost is not known" : "it was not run there, or not asked for that target" });
    const button = element("button", { type: "button", title: "the runs behind it" }, element("span", { textContent: number(each.ert) }), element("small", { textContent: `${each.k}/${each.runs}` }),
      element("small", { textContent: interval(each.low, each.high) }));
    button.onclick = () => show(each);
    const made = element("td", { className: each.ert === least ? "least" : "" }, button);
    const ratio = least > 0 ? each.ert / least : each.ert === 0 ? 1 : Infinity;
    made.style.setProperty("--strength", Number.isFinite(each.ert) ? Math.max(0, 1 - Math.log10(ratio) / 2).toFixed(2) : 0);
    return made;
  }

  function draw() {
    if (document.activeElement !== filter) filter.value = page.own("ert.filter", "");
    current = table();
    const { some, rows } = current;
    const text = !page.cells().length ? "There are no runs, and so no runtimes." : !some.length ? "No optimizer is selected." : "";
    page.say(section, text);
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    const head = element("tr", {}, header("Problem", "problem"), ...some.map((o) => header(name(o), name(o), dot(data.optimizers[o]))));
    const lines = rows.map(({ c, slot, entries, least }) => {
      const { problem, dim, targets } = data.cells[c];
      const label = element("th", { scope: "row" }, element("span", { className: "name", textContent: problem }), " ", element("small", { textContent: `dim ${dim} · ${targets[slot]}` }));
      return element("tr", {}, label, ...entries.map((each) => cell(each, least)));
    });
    body.replaceChildren(element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)));
    if (focused) [...body.querySelectorAll("thead button")].find((button) => button.dataset.key === focused)?.focus();
    status.textContent = text ? "" : `${counted(rows.length, "row")} of ${page.cells().length}${rows.length ? "" : ": no target was reached there, or the filter fits none"}.`;
  }

  // the runs behind a cell

  function show(each) {
    const { c, o, slot } = each;
    const all = [...page.array("run_cell").values.keys()].filter((r) => page.array("run_cell").values[r] === c && page.array("run_optimizer").values[r] === o);
    const [seed, instance, run_status, best] = ["run_seed", "run_instance", "run_status", "run_best"].map((key) => page.array(key).values);
    all.sort((a, b) => instance[a] - instance[b] || seed[a] - seed[b]);
    const columns = ["instance", "seed", "status", "runtime", "best f"];
    const lines = all.map((r) => {
      const runtime = runtimes.values[page.at(runtimes.shape, r, slot)];
      const cells = [instance[r], seed[r], data.statuses[run_status[r]], Number.isNaN(runtime) ? "not asked" : Number.isFinite(runtime) ? number(runtime) : "never", number(best[r])];
      return element("tr", {}, ...cells.map((text) => element("td", { textContent: text })));
    });
    dialog.querySelector("h3").replaceChildren(dot(data.optimizers[o]), name(o));
    dialog.querySelector(".scroll").replaceChildren(element("table", { className: "numbers" },
      element("thead", {}, element("tr", {}, ...columns.map((text) => element("th", { scope: "col", textContent: text })))), element("tbody", {}, ...lines)));
    dialog.querySelector(".note").textContent = `${page.cellName(c)}, target ${data.cells[c].targets[slot]}: expected runtime ${number(each.ert)} ${interval(each.low, each.high)}`
      + ` (${data.prices[page.price()].short}), ${each.k} of ${counted(each.runs, "run")} reached it. The runtimes of the runs are in cost, at the prices of the suite.`;
    dialog.showModal();
  }

  dialog.querySelector(".close").onclick = () => dialog.close();
  dialog.onclick = (event) => { if (event.target === dialog) dialog.close(); };

  // copying

  const plain = (x) => (Number.isNaN(x) ? "" : Number.isFinite(x) ? Number(x.toPrecision(6)) : "inf");
  const safe = (text) => (/^(\s*[=+\-@]|[\t\r])/.test(text) ? `'${text}` : text); // a spreadsheet would run such a cell

  function separated({ some, rows }, sign) {
    const quoted = (value) => {
      const text = typeof value === "string" ? safe(value) : String(value);
      return /[",\t\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    const head = ["problem", "dim", "target", ...some.flatMap((o) => ["", " low", " high", " successes", " runs"].map((part) => name(o) + part))];
    const lines = rows.map(({ c, slot, entries }) => [data.cells[c].problem, data.cells[c].dim, data.cells[c].targets[slot],
      ...entries.flatMap((each) => [plain(each.ert), plain(each.low), plain(each.high), each.k, each.runs])]);
    return [head, ...lines].map((line) => line.map(quoted).join(sign)).join("\n");
  }

  function markdown({ some, rows }) {
    const escape = (text) => text.replace(/[\\|*_`<>[\]]/g, "\\$&").replace(/[\r\n]+/g, " ");
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const text = (each) => (each.runs ? `${number(each.ert)} ${interval(each.low, each.high)} ${each.k}/${each.runs}` : each.skipped ? "skipped" : "-");
    return [line(["problem", "dim", "target", ...some.map((o) => escape(name(o)))]), line(["---", "---:", "---", ...some.map(() => "---:")]),
      ...rows.map(({ c, slot, entries }) => line([escape(data.cells[c].problem), data.cells[c].dim, data.cells[c].targets[slot], ...entries.map(text)]))].join("\n");
  }

  async function copy(kind, text) {
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // no clipboard here: the old way
      const area = element("textarea", { value: text, readOnly: true, className: "copied", "aria-label": "The table" });
      section.append(area);
      area.select();
      done = document.execCommand("copy");
      if (done) area.remove(); // else it stays, selected, to be copied by hand
    }
    status.textContent = done ? `Copied ${counted(current.rows.length, "row")} as ${kind}.` : "Copying is not allowed here: the text stands selected below.";
  }

  return draw;
});
