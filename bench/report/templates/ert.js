// The table of expected runtimes: problems by optimizers at a target, to sort, filter and copy; a cell shows its runs.
page.chart("ert", (section, { controls, body, status }) => {
  const { data, element, dot, number, interval, counted, button } = page;
  const dialog = section.querySelector("dialog"), words = data.words.empty, name = (o) => data.optimizers[o].name;

  const target = page.choice(controls, "Target", "ert.target", () => {
    const names = new Set(page.cells().flatMap((c) => data.cells[c].targets));
    return names.size ? [["", "of each row the hardest reached in half the runs"],
      ...data.targets.filter((text) => names.has(text))] : [];
  });
  const filter = element("input", { type: "search", placeholder: "Filter problems", "aria-label": "Filter problems",
    oninput: () => page.set({ "ert.filter": filter.value || null }, { replace: true }) });
  const kinds = { TSV: () => separated("\t"), CSV: () => separated(","), Markdown: markdown };
  controls.append(filter, element("span", { className: "group", role: "group", "aria-label": "Copy the table" },
    element("span", { className: "label", textContent: "copy as" }), ...Object.entries(kinds).map(
      ([kind, write]) => button({ textContent: kind, onclick: () => copy(kind, write()) }))));
  let current = { rows: [], optimizers: [] };

  // the table as data
  function table() {
    const optimizers = data.ranked.filter((o) => page.optimizers().includes(o)), goal = target(), rows = [];
    const words = filter.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    for (const c of page.cells()) {
      const { problem, dim, family, targets } = data.cells[c], text = `${problem} dim ${dim} ${family}`.toLowerCase();
      const slot = goal ? targets.indexOf(goal) : data.problems[page.price()][c][0].slot ?? -1;
      if (slot < 0 || !words.every((word) => text.includes(word))) continue;
      const entries = optimizers.map((o) => ({ c, o, slot, ...page.measured(c, o, slot) }));
      rows.push({ c, slot, entries, least: Math.min(...entries.map(({ ert }) => ert).filter(Number.isFinite)) });
    }
    // sorted by a column, ∞ behind numbers and what is not known behind all
    const by = page.own("ert.sort"), down = by.startsWith("-");
    const column = optimizers.findIndex((o) => name(o) === (down ? by.slice(1) : by));
    if (by === "-problem") rows.reverse();
    if (by === "problem" || column < 0) return { optimizers, rows };
    const key = ({ entries }) => entries[column].ert;
    const known = rows.filter((row) => !Number.isNaN(key(row))), rest = rows.filter((row) => Number.isNaN(key(row)));
    known.sort((a, b) => (key(a) === key(b) ? 0 : key(a) - key(b)));
    return { optimizers, rows: [...(down ? known.reverse() : known), ...rest] };
  }

  const reached = ({ k, runs }) => `${k}/${runs}${k === runs && k in data.all_solved ? `, ${data.all_solved[k]}` : ""}`;
  const skipped = ({ c, o, slot, runs }) => !runs && page.value("posed", c, o, slot) > 0;

  // the table on the page
  function header(text, key, ...signs) {
    const by = page.own("ert.sort");
    const [order, mark, next] = by === key ? ["ascending", " ▲", `-${key}`]
      : by === `-${key}` ? ["descending", " ▼", null] : ["none", "", key];
    return element("th", { scope: "col", "aria-sort": order }, button({ title: "sort", "data-key": key,
      onclick: () => page.set({ "ert.sort": next }) }, ...signs, page.named(text), mark));
  }

  function cell(each, least) {
    const { ert, runs } = each;
    if (skipped(each)) return element("td", { className: "none", textContent: words.skipped });
    if (Number.isNaN(ert)) return element("td", { className: "none", textContent: "-",
      title: runs ? words.cost : words["not asked"] });
    const made = element("td", { className: ert === least && ert < Infinity ? "least" : "" },
      button({ title: "the runs behind it", onclick: () => show(each) }, element("span", { textContent: number(ert) }),
        ...[reached(each), interval(each.low, each.high)].map((textContent) => element("small", { textContent }))));
    const ratio = least > 0 ? ert / least : ert === 0 ? 1 : Infinity;
    made.style.setProperty("--strength", ert < Infinity ? Math.max(0, 1 - Math.log10(ratio) / 2).toFixed(2) : 0);
    return made;
  }

  function draw() {
    if (document.activeElement !== filter) filter.value = page.own("ert.filter");
    current = table();
    const { optimizers, rows } = current;
    const text = !page.cells().length ? "There are no runs, and so no runtimes."
      : !optimizers.length ? "No optimizer is selected." : "";
    page.say(section, text);
    const refocus = page.focused(body);
    const heads = optimizers.map((o) => header(name(o), name(o), dot(data.optimizers[o])));
    body.replaceChildren(page.table("", [header("Problem", "problem"), ...heads], rows.map(
      ({ c, slot, entries, least }) => [page.cellHead(c, ` · ${data.cells[c].targets[slot]}`),
        ...entries.map((each) => cell(each, least))])));
    refocus();
    const none = rows.length ? "" : ": no target was reached there, or the filter fits none";
    status.textContent = text ? "" : `${counted(rows.length, "row")} of ${page.cells().length}${none}.`;
  }

  // the runs behind a cell
  function show({ c, o, slot, ert, low, high, k, runs }) {
    const { values: seed } = page.array("run_seed"), { values: instance } = page.array("run_instance");
    const behind = [...seed.keys()].filter(
      (r) => page.value("run_cell", r) === c && page.value("run_optimizer", r) === o);
    behind.sort((a, b) => instance[a] - instance[b] || seed[a] - seed[b]);
    const lines = behind.map((r) => {
      const runtime = page.value("runtimes", r, slot), ended = data.statuses[page.value("run_status", r)];
      const words = Number.isNaN(runtime) ? "not asked" : Number.isFinite(runtime) ? number(runtime) : "never";
      return [instance[r], seed[r], ended, words, number(page.value("run_best", r))];
    });
    dialog.querySelector("h3").replaceChildren(dot(data.optimizers[o]), name(o));
    dialog.querySelector(".scroll").replaceChildren(
      page.table("numbers", ["instance", "seed", "status", "runtime", "best f"], lines));
    dialog.querySelector(".note").textContent = `${data.cells[c].name}, target ${data.cells[c].targets[slot]}: `
      + `expected runtime ${number(ert)} ${interval(low, high)} (${data.prices[page.price()].short}), `
      + `reached by ${reached({ k, runs })} runs. The runtimes of the runs are in cost, at the prices of the suite.`;
    dialog.showModal();
  }

  dialog.onclick = ({ target: node }) => { if (node === dialog || node.matches(".close")) dialog.close(); };

  // copying
  const plain = (x) => (Number.isNaN(x) ? "" : Number.isFinite(x) ? Number(x.toPrecision(6)) : "inf");
  const safe = (text) => (/^(\s*[=+\-@]|[\t\r])/.test(text) ? `'${text}` : text); // a spreadsheet would run such a cell
  const target3 = ({ c, slot }) => [data.cells[c].problem, data.cells[c].dim, data.cells[c].targets[slot]];

  function separated(sign) {
    const quoted = (value) => {
      const text = typeof value === "string" ? safe(value) : String(value);
      return /[",\t\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
    };
    const columns = ["", " low", " high", " successes", " runs"];
    const head = ["problem", "dim", "target", ...current.optimizers.flatMap(
      (o) => columns.map((column) => name(o) + column))];
    const lines = current.rows.map((row) => [...target3(row),
      ...row.entries.flatMap(({ ert, low, high, k, runs }) => [plain(ert), plain(low), plain(high), k, runs])]);
    return [head, ...lines].map((line) => line.map(quoted).join(sign)).join("\n");
  }

  function markdown() {
    const { optimizers, rows } = current;
    const escape = (text) => String(text).replace(/[\\|*_`<>[\]]/g, "\\$&").replace(/[\r\n]+/g, " ");
    const line = (cells) => `| ${cells.join(" | ")} |`;
    const text = (each) => (each.runs ? `${number(each.ert)} ${interval(each.low, each.high)} ${reached(each)}`
      : skipped(each) ? words.skipped : "-");
    return [line(["problem", "dim", "target", ...optimizers.map((o) => escape(name(o)))]),
      line(["---", "---:", "---", ...optimizers.map(() => "---:")]),
      ...rows.map((row) => line([...target3(row).map(escape), ...row.entries.map(text)]))].join("\n");
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
    status.textContent = done ? `Copied ${counted(current.rows.length, "row")} as ${kind}.`
      : "Copying is not allowed here: the text stands selected below.";
  }

  return draw;
});
