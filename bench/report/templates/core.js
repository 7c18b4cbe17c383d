// What all charts share: the data, the selection and its address, colours, and drawing with Plotly.
// Names and messages come from results and are hostile: they are set as text, or through page.escaped for Plotly.

const DASHES = { solid: "", dash: "6 3", dot: "2 2.5", dashdot: "6 3 2 3", longdash: "10 3" };
const MARKS = { // by the dash that the optimizer's curves have
  solid: ["circle", "M10 4a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"], dash: ["square", "M10 1h6v6h-6z"],
  dot: ["triangle-up", "M13 1l3.5 6h-7z"], dashdot: ["cross", "M13 1v6M10 4h6"],
  longdash: ["x", "M10.5 1.5l5 5M15.5 1.5l-5 5"],
};
const HUES = ["#2171c7", "#d55e00", "#00805a", "#c2569b", "#e69f00", "#56b4e9", "#8a6d3b", "#7169d8"];
const FEELS = ["height", "slope", "curvature"];
const ARRAYS = { f4: Float32Array, i4: Int32Array, u2: Uint16Array, u1: Uint8Array };

const core = (() => {
  /** @type {PageData} */
  const data = JSON.parse(document.getElementById("data").textContent);
  /** @type {Map<string, Packed>} */
  const arrays = new Map();
  const charts = [];
  const dark = matchMedia("(prefers-color-scheme: dark)"), paper = matchMedia("print");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let state = Object.create(null); // key -> text, as in the address
  let turn = 0; // of drawing: a newer one ends an older one

  // elements
  /** @returns {any} an HTMLElement; children: elements and texts */
  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key in made) made[key] = value; else made.setAttribute(key, value); // aria-..., role
    }
    made.append(...children);
    return made;
  }

  const named = (text) => element("span", { className: "name", textContent: text });
  const button = (properties, ...children) => element("button", { type: "button", ...properties }, ...children);

  // what gives the focus back to the element of this key in a box, once it was drawn anew
  function focused(box) {
    const active = /** @type {HTMLElement} */ (document.activeElement);
    const key = box.contains(active) ? active.dataset.key : null;
    return () => key && [...box.querySelectorAll("[data-key]")].find(({ dataset }) => dataset.key === key)?.focus();
  }

  // a table of a row of heads, texts or <th>, and rows of cells
  function table(className, heads, rows) {
    const row = (cells, tag, properties) => element("tr", {}, ...cells.map(
      (cell) => (cell.nodeType ? cell : element(tag, { ...properties, textContent: cell }))));
    return element("table", { className }, element("thead", {}, row(heads, "th", { scope: "col" })),
      element("tbody", {}, ...rows.map((cells) => row(cells, "td"))));
  }

  // what a row of a cell begins with
  const cellHead = (c, more = "") => element("th", { scope: "row" }, named(data.cells[c].problem), " ",
    element("small", { textContent: `dim ${data.cells[c].dim}${more}` }));

  // the elements of a section, by their classes
  const parts = (section) => new Proxy(/** @type {Record<string, any>} */ ({}), {
    get: (known, name) => (known[String(name)] ??= section.querySelector(`.${String(name)}`)),
  });

  const shortened = (name, most) => (name.length > most ? `${name.slice(0, most - 1)}…` : name);
  // Plotly reads tags and entities in names
  const escaped = (name, most = 80) => (
    shortened(name, most).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"));

  // a text of Python's with {} for each of these
  const filled = (text, ...values) => values.reduce((rest, each) => rest.replace("{}", () => each), text);

  // as bench.measure.words writes numbers, by the same formats
  function number(x) {
    const { digits, least, grouped, most, infinite, unknown } = data.words.number;
    if (x === null || Number.isNaN(x)) return unknown;
    if (!Number.isFinite(x)) return `${x < 0 ? "-" : ""}${infinite}`;
    const rounded = Number(x.toPrecision(digits)), size = Math.abs(rounded);
    if (x === 0 || (size >= least && size < grouped)) return String(rounded);
    return size >= grouped && size < most ? rounded.toLocaleString("en-US") : x.toExponential(digits - 1);
  }

  function percent(fraction) {
    const { text, least, most } = data.words.percent, rounded = (100 * fraction).toFixed(0);
    return rounded === "0" && fraction > 0 ? least : rounded === "100" && fraction < 1 ? most : filled(text, rounded);
  }

  const interval = (low, high) => (Number.isNaN(low) ? "" : Number.isNaN(high)
    ? filled(data.words.low_end, number(low)) : filled(data.words.interval, number(low), number(high)));
  const two = (x) => x.toFixed(2);
  const counted = (n, noun) => `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
  const placeOf = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const cellOf = new Map(data.cells.map(({ name }, c) => [name, c]));

  // a sample of the line (or, with mark, of the point) of a style
  function swatch(/** @type {Style} */ { color, dash, width }, mark = false) {
    const looks = { svg: { width: 26, height: 8, "aria-hidden": "true" }, path: mark
      ? { d: MARKS[dash][1], stroke: color, "stroke-width": 1.5, fill: color }
      : { d: "M0 4H26", stroke: color, "stroke-width": width + 0.5, "stroke-dasharray": DASHES[dash] } };
    const [svg, path] = Object.entries(looks).map(([tag, look]) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(look)) node.setAttribute(key, value);
      return node;
    });
    svg.append(path);
    return svg;
  }

  function dot(/** @type {Style} */ { color, dash }) {
    const made = element("i", { className: "dot", "data-mark": dash });
    made.style.background = color;
    return made;
  }

  // the data
  // an array is written as base64 of deflated bytes, those of the same place in each number together
  async function decode({ type, shape, data: text }) {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const width = ARRAYS[type].BYTES_PER_ELEMENT, n = bytes.length / width, whole = new Uint8Array(bytes.length);
    for (let plane = 0; plane < width; plane++) {
      for (let i = 0, from = plane * n, to = plane; i < n; i++, to += width) whole[to] = bytes[from + i];
    }
    return { shape, values: new ARRAYS[type](whole.buffer) };
  }

  /** {shape, values} of an array of the data @param {ArrayName} name */
  const array = (name) => arrays.get(name);

  /** the numbers of an array that share its first places @param {ArrayName} name @param {number[]} places */
  function row(name, ...places) {
    const { shape, values } = arrays.get(name), size = shape.slice(places.length).reduce((all, n) => all * n, 1);
    const from = size * places.reduce((sum, place, axis) => sum * shape[axis] + place, 0);
    return values.subarray(from, from + size);
  }

  /** a number of an array @param {ArrayName} name @param {number[]} places */
  const value = (name, ...places) => row(name, ...places)[0];

  // what is known of an optimizer at a target of a cell: expected runtime, its interval, successes, and runs
  const measured = (c, o, slot) => ({ ert: value("ert", price(), c, o, slot), low: value("low", price(), c, o, slot),
    high: value("high", price(), c, o, slot), k: value("successes", c, o, slot), runs: value("asked", c, o, slot) });

  // the address: #section&key=value&key=value
  const write = (text) => encodeURIComponent(text).replace(/%(2C|3A|2F|3B|40|5B|5D|3D|2B)/g, decodeURIComponent);
  const listed = (text) => text.replace(/[%,]/g, encodeURIComponent);

  function readAddress() {
    const pairs = location.hash.replace(/^#(?=[^=&]*(&|$))/, "section=").replace("#", "").replaceAll("+", "%2B");
    return Object.assign(Object.create(null), Object.fromEntries(new URLSearchParams(pairs)));
  }

  function writeAddress(replace) {
    const { section, ...rest } = state;
    const pairs = Object.entries(rest).map(([key, text]) => `${write(key)}=${write(text)}`);
    const hash = `#${[...(section ? [write(section)] : []), ...pairs].join("&")}`;
    if (hash === (location.hash || "#")) return;
    history[replace ? "replaceState" : "pushState"](null, "", hash);
  }

  const own = (key) => state[key] ?? "";

  // Change the state: values, or null for the default. A key "chart.name" redraws that chart only. replace: no step for
  // the back button, as while typing or sliding.
  function set(texts, { replace = false } = {}) {
    const keys = Object.keys(texts), all = keys.some((key) => !key.includes("."));
    for (const key of keys) if (texts[key] === null) delete state[key]; else state[key] = String(texts[key]);
    writeAddress(replace);
    draw(charts.filter(({ id }) => all || keys.some((key) => key.startsWith(`${id}.`))));
  }

  function scrollTo(id) {
    const section = document.getElementById(id);
    if (!section) return;
    section.scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    section.setAttribute("tabindex", "-1");
    section.focus({ preventScroll: true });
  }

  // the selection
  // Which of these names the state selects; a list without any name of them is no selection.
  function selected(key, names) {
    const all = [...names.keys()];
    const places = (name) => all.filter((i) => state[name]?.split(",").includes(listed(names[i])));
    if (key in state) return state[key] === "" || places(key).length ? places(key) : all;
    const without = places(`no-${key}`);
    return all.filter((i) => !without.includes(i));
  }

  // Select these places of the names, in as few words of the address as can be.
  function choose(key, places) {
    const inside = new Set(places), rest = names[key].filter((_, i) => !inside.has(i));
    const few = places.length <= rest.length, texts = { [key]: null, [`no-${key}`]: null };
    if (rest.length) texts[few ? key : `no-${key}`] = (few ? places.map((i) => names[key][i]) : rest)
      .map(listed).join(",");
    set(texts);
  }

  const names = { optimizers: data.optimizers.map(({ name }) => name), families: data.families };
  const optimizers = () => selected("optimizers", names.optimizers);
  const families = () => selected("families", names.families);
  const cellsOf = (f) => data.cells.map((_, c) => c).filter((c) => data.cells[c].family === data.families[f]);
  const cells = () => families().flatMap(cellsOf).sort((a, b) => a - b);
  const cellNames = () => cells().map((c) => data.cells[c].name);
  const price = () => Math.max(0, data.prices.findIndex(({ name }) => name === state.price));
  const scale = () => (state.scale === "linear" ? "linear" : "log");

  // the place of the chosen budget among data.budgets[price()]: by default the last
  function budget() {
    const budgets = data.budgets[price()] ?? [], place = budgets.findIndex((cost) => String(cost) === state.budget);
    return place < 0 ? budgets.length - 1 : place;
  }

  // controls that live in the state
  // A labelled list whose options may change with the selection. options: () => [[value, text], ...], or values alone.
  // Answers with a function that brings the list up to date and gives the chosen value: the first where the state names
  // none of them; undefined where there are none.
  function choice(controls, label, key, options, standard = () => undefined) {
    let usual;
    const list = element("select", { onchange: () => set({ [key]: list.value === usual ? null : list.value }) });
    controls.append(element("label", {}, label, list));
    return () => {
      const pairs = options().map((option) => (Array.isArray(option) ? option : [option, option]).map(String));
      list.replaceChildren(...pairs.map(([value, textContent]) => element("option", { value, textContent })));
      const there = (text) => pairs.find(([other]) => other === String(text))?.[0];
      usual = there(standard()) ?? pairs[0]?.[0];
      const text = there(state[key]) ?? usual;
      if (text !== undefined) list.value = text;
      list.parentElement.hidden = pairs.length < 2;
      return text;
    };
  }

  // drawing
  function theme() {
    const css = getComputedStyle(document.documentElement);
    const [card, ink, soft, line, grid] = ["card", "ink", "soft", "line", "grid"].map(
      (name) => css.getPropertyValue(`--${name}`).trim());
    const clear = "rgba(0,0,0,0)", narrow = innerWidth < 640;
    const axis = { gridcolor: grid, linecolor: line, tickcolor: line, zeroline: false, automargin: true };
    const layout = {
      paper_bgcolor: clear, plot_bgcolor: clear, showlegend: false, hovermode: "closest",
      font: { color: ink, size: narrow ? 11 : 13, family: getComputedStyle(document.body).fontFamily },
      modebar: { bgcolor: clear, color: soft, activecolor: ink },
      margin: { l: narrow ? 40 : 56, r: 12, t: 12, b: 48 },
      hoverlabel: { bgcolor: card, bordercolor: line, font: { color: ink, size: 12 }, align: "left" },
    };
    return { colors: { card, ink, soft, line }, axis, layout, narrow };
  }

  const logAxis = { type: "log", exponentformat: "power" };

  // the axis of costs at the chosen price and scale
  const costAxis = () => ({ title: { text: escaped(data.prices[price()]?.title ?? "cost") },
    ...(scale() === "log" ? logAxis : { type: "linear", rangemode: "tozero" }) });

  // A trace of Plotly, of an item of a legend, through points [x, y, ...words]. hover: what is said of a point behind
  // the name, where %{customdata[0]} is the first of its words.
  const trace = ({ name, style }, points, hover, more = {}) => ({
    type: "scatter", mode: "lines", name: escaped(name), line: style, x: points.map(([x]) => x),
    y: points.map(([, y]) => y), customdata: points.map(([, , ...words]) => words),
    hovertemplate: `<b>%{fullData.name}</b><br>${hover}<extra></extra>`, ...more });
  const steps = (item, points, hover) => trace({ ...item, style: { ...item.style, shape: "hv" } }, points, hover);

  // the style of a line that is of no optimizer and no order
  const tint = (i) => (
    { color: HUES[i % HUES.length], dash: Object.keys(DASHES)[Math.floor(i / HUES.length) % 5], width: 2 });

  const fractionAxis = (text) => ({ title: { text }, range: [0, 1.02], tickformat: ".0%" });

  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };

  // Plotly.react in the colours of the page; axes take what they do not say from its theme
  function plot(box, traces, layout = {}) {
    const { axis, layout: base, narrow } = theme(), whole = { ...base, xaxis: {}, yaxis: {}, ...layout };
    for (const key of ["xaxis", "yaxis"]) {
      const { title } = whole[key] = { ...axis, ...whole[key] };
      const fold = (text) => text.replace(/^(.{20,36})\s(?=.{8})/, "$1<br>"); // on a phone into two lines
      if (title && narrow) whole[key].title = { text: fold(title.text), font: { size: 11 } };
    }
    return Plotly.react(box, traces, whole, CONFIG);
  }

  // Say why there is nothing to draw in place of a chart, and that it is so; "" shows the chart again.
  function say(section, text) {
    section.querySelector(":scope > .empty")?.remove();
    const note = element("p", { className: "empty", role: "status", textContent: text, hidden: !text });
    section.querySelector(".plot, .body").before(note);
    for (const drawn of section.querySelectorAll(".plot, .body, .legend")) drawn.hidden = Boolean(text);
    return Boolean(text);
  }

  // setup(section, parts) answers with what draws it
  function chart(id, setup) {
    const section = document.getElementById(id);
    if (section) charts.push({ id, section, setup, draw: null });
  }

  // A chart by Plotly: what setup answers with gives its traces, layout and words (says), or why there is none of them.
  const figure = (id, setup) => chart(id, (section, known) => {
    const made = setup(section, known);
    return () => {
      const drawn = made(), nothing = typeof drawn === "string" ? drawn : "";
      if (say(section, nothing)) return known.says.replaceChildren();
      const { traces, says, ...layout } = drawn;
      known.says.textContent = says;
      return plot(known.plot, traces, layout);
    };
  });

  function drawOne(each) {
    try {
      each.draw ??= each.setup(each.section, parts(each.section));
      each.draw();
    } catch (error) {
      console.error(error);
      if (each.section.querySelector(".plot, .body")) say(each.section, `This could not be drawn: ${error.message}`);
    }
  }

  async function draw(some) {
    const mine = ++turn, root = document.documentElement;
    const waiting = root.dataset.drawn === "no" ? charts : some; // what an older drawing may have left undone
    root.dataset.drawn = "no";
    for (const each of waiting) {
      drawOne(each);
      await new Promise((resume) => setTimeout(resume));
      if (mine !== turn) return;
    }
    root.dataset.drawn = "yes";
  }

  const redraw = () => draw(charts), redrawChart = (id) => draw(charts.filter((each) => each.id === id));

  async function start() {
    try {
      await Promise.all(Object.entries(/** @type {Record<string, any>} */ (data)).map(async ([name, each]) => {
        if (each?.shape && each.type) arrays.set(name, await decode(each));
      }));
    } catch (error) {
      const textContent = `This browser cannot read the page's data (${error.message}); the folders beside it hold it.`;
      document.querySelector("main").prepend(element("p", { className: "empty", textContent }));
      throw error;
    }
    async function open() {
      state = readAddress();
      await redraw();
      if (state.section) scrollTo(state.section);
    }
    addEventListener("popstate", open);
    dark.addEventListener("change", redraw);
    document.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest?.('a[href^="#"]');
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      state.section = link.getAttribute("href").slice(1);
      writeAddress(false);
      scrollTo(state.section);
    });
    paper.addEventListener("change", fitPaper);
    await open();
  }

  // On paper charts and tables are as wide as the paper, in light colours.
  function fitPaper() {
    const width = 680; // of A4 and Letter, in CSS pixels
    for (const each of charts) drawOne(each);
    for (const box of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".js-plotly-plot"))) {
      const size = paper.matches ? { width, autosize: false } : { width: null, autosize: true };
      if (box.offsetParent) Plotly.relayout(box, size);
    }
    for (const wide of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".scroll > table"))) {
      wide.style.zoom = "";
      if (paper.matches && wide.offsetWidth > width) wide.style.zoom = String(width / wide.offsetWidth);
    }
  }

  return {
    data, array, value, row, measured, element, named, button, focused, table, cellHead, shortened, escaped, filled,
    number, percent, interval, two, counted, swatch, dot, theme, logAxis, costAxis, fractionAxis, trace, steps,
    tint, placeOf, cellOf, say, chart, figure, start, own, set, choice, choose, optimizers, families, cells,
    cellsOf, cellNames, price, scale, budget, redrawChart,
    reduced: () => still.matches, get state() { return state; },
  };
})();

/** @type {Closed<typeof core> & Shared} */
const page = /** @type {any} */ (core);
