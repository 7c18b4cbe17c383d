// What all charts share: the data, the selection and its address, colours, and drawing with Plotly.
// Names and messages come from results and are hostile: they are set as text, or through page.escaped for Plotly.

const DASHES = { solid: "", dash: "6 3", dot: "2 2.5", dashdot: "6 3 2 3", longdash: "10 3" };
const MARKS = { // by the dash that the optimizer's curves have
  solid: ["circle", "M10 4a3 3 0 1 0 6 0a3 3 0 1 0 -6 0"], dash: ["square", "M10 1h6v6h-6z"],
  dot: ["triangle-up", "M13 1l3.5 6h-7z"], dashdot: ["cross", "M13 1v6M10 4h6"], longdash: ["x", "M10.5 1.5l5 5M15.5 1.5l-5 5"],
};
const FEELS = ["height", "slope", "curvature"];
const ARRAYS = { f4: Float32Array, i4: Int32Array, u2: Uint16Array, u1: Uint8Array };

const page = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const arrays = new Map();
  const charts = [];
  const dark = matchMedia("(prefers-color-scheme: dark)"), paper = matchMedia("print");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let state = Object.create(null); // key -> text, as in the address
  let turn = 0; // of drawing: a newer one ends an older one

  // elements

  function element(tag, properties = {}, ...children) {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(properties)) {
      if (key in made) made[key] = value;
      else made.setAttribute(key, value); // aria-..., role
    }
    made.append(...children);
    return made;
  }

  // a labelled list of [value, text] in controls; answers with its <select>
  function select(controls, label, options, onchange) {
    const list = element("select", { onchange: () => onchange(list.value) });
    for (const [value, text] of options) list.append(element("option", { value, textContent: text }));
    controls.append(element("label", {}, label, list));
    return list;
  }

  // Plotly reads tags and entities in names
  function escaped(name) {
    const short = name.length > 80 ? `${name.slice(0, 79)}…` : name;
    return short.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }

  // three significant digits: 0.0123, 12,300, 1.23e+6; - where not known
  function number(x) {
    if (x === null || Number.isNaN(x)) return "-";
    if (!Number.isFinite(x)) return x > 0 ? "∞" : "-∞";
    const size = Math.abs(x);
    if (x === 0 || (size >= 1e-3 && size < 1000)) return String(Number(x.toPrecision(3)));
    if (size >= 1000 && size < 1e6) return Number(x.toPrecision(3)).toLocaleString("en-US");
    return x.toExponential(2);
  }

  const interval = (low, high) => (Number.isNaN(low) ? "" : `[${number(low)}, ${number(high)}]`);
  const counted = (n, noun) => `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
  const cellName = (c) => `${data.cells[c].problem}, dim ${data.cells[c].dim}`;

  // a sample of the line (or, with mark, of the point) of a style: color, dash, width
  function swatch(style, mark = false) {
    const made = (tag, look) => {
      const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [key, value] of Object.entries(look)) node.setAttribute(key, value);
      return node;
    };
    const look = mark
      ? { d: MARKS[style.dash][1], stroke: style.color, "stroke-width": 1.5, fill: style.color }
      : { d: "M0 4H26", stroke: style.color, "stroke-width": style.width + 0.5, "stroke-dasharray": DASHES[style.dash] };
    const svg = made("svg", { width: 26, height: 8, "aria-hidden": "true" });
    svg.append(made("path", look));
    return svg;
  }

  function dot(style) {
    const made = element("i", { className: "dot" });
    made.dataset.mark = style.dash;
    made.style.background = style.color;
    return made;
  }

  // the data

  // an array is written as base64 of deflated bytes, those of the same place in each number together
  async function decode({ type, shape, data: text }) {
    const packed = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const width = ARRAYS[type].BYTES_PER_ELEMENT, n = bytes.length / width;
    const whole = new Uint8Array(bytes.length);
    for (let plane = 0; plane < width; plane++) {
      for (let i = 0, from = plane * n, to = plane; i < n; i++, to += width) whole[to] = bytes[from + i];
    }
    return { shape, values: new ARRAYS[type](whole.buffer) };
  }

  const isArray = (value) => value !== null && typeof value === "object" && "type" in value && "shape" in value && "data" in value;

  async function decodeAll(node, path) {
    await Promise.all(Object.entries(node).map(async ([key, value]) => {
      const name = path ? `${path}.${key}` : key;
      if (isArray(value)) arrays.set(name, await decode(value));
      else if (value !== null && typeof value === "object") await decodeAll(value, name);
    }));
  }

  // {shape, values} of an array of the data: "ert", or "landscape.paths.0" for those further inside
  const array = (name) => arrays.get(name);

  // the place of an element in values: at(shape, i, j, k)
  const at = (shape, ...places) => places.reduce((sum, place, axis) => sum * shape[axis] + place, 0)
    * shape.slice(places.length).reduce((size, n) => size * n, 1);

  // the address: #section&key=value&key=value

  const write = (text) => encodeURIComponent(text).replace(/%(2C|3A|2F|3B|40|5B|5D|3D|2B)/g, decodeURIComponent);
  const writeList = (names) => names.map((name) => name.replace(/[%,]/g, encodeURIComponent)).join(",");

  function readText(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return null;
    }
  }

  const readList = (text) => new Set(text.split(",").map(readText));

  function readAddress() {
    const found = Object.create(null);
    for (const part of location.hash.slice(1).split("&")) {
      const cut = part.indexOf("=");
      const [key, value] = cut < 0 ? ["section", readText(part)] : [readText(part.slice(0, cut)), readText(part.slice(cut + 1))];
      if (key && value !== null) found[key] = value;
    }
    return found;
  }

  function writeAddress(replace) {
    const { section, ...rest } = state;
    const parts = Object.entries(rest).map(([key, value]) => `${write(key)}=${write(value)}`);
    const hash = `#${[...(section ? [write(section)] : []), ...parts].join("&")}`;
    if (hash === (location.hash || "#")) return;
    history[replace ? "replaceState" : "pushState"](null, "", hash);
  }

  const own = (key, fallback) => state[key] ?? fallback;

  // Change the state: a value, or null for the default. A key "chart.name" redraws that chart only. replace: no step
  // for the back button, as while typing or sliding.
  function set(key, value, { replace = false } = {}) {
    setAll({ [key]: value }, { replace, only: key.includes(".") ? key.split(".")[0] : null });
  }

  function setAll(values, { replace = false, only = null } = {}) {
    for (const [key, value] of Object.entries(values)) {
      if (value === null || value === undefined) delete state[key];
      else state[key] = String(value);
    }
    writeAddress(replace);
    if (only) draw(charts.filter((chart) => chart.id === only));
    else redraw();
  }

  // go to a section, and say so in the address
  function go(id) {
    state.section = id;
    writeAddress(false);
    scrollTo(id);
  }

  function scrollTo(id) {
    const target = document.getElementById(id);
    if (!target) return;
    target.scrollIntoView({ behavior: still.matches ? "auto" : "smooth" });
    target.setAttribute("tabindex", "-1");
    target.focus({ preventScroll: true });
  }

  // the selection

  // Which of these names the state selects; a list without any name that is known is no selection.
  function chosen(key, names) {
    const all = names.map((_, i) => i);
    const [only, without] = [state[key], state[`no-${key}`]].map((text) => (text === undefined ? null : readList(text)));
    if (only) {
      const found = all.filter((i) => only.has(names[i]));
      return found.length || state[key] === "" ? found : all;
    }
    return without ? all.filter((i) => !without.has(names[i])) : all;
  }

  // The state that selects these of the names, in as few words as can be.
  function choosing(key, names, some) {
    const inside = new Set(some);
    const rest = names.filter((_, i) => !inside.has(i));
    const few = some.length <= rest.length;
    const values = { [key]: null, [`no-${key}`]: null };
    if (rest.length) values[few ? key : `no-${key}`] = writeList(few ? some.map((i) => names[i]) : rest);
    return values;
  }

  const names = { optimizers: data.optimizers.map(({ name }) => name), families: data.families };
  const optimizers = () => chosen("optimizers", names.optimizers);
  const families = () => chosen("families", names.families);
  const choose = (key, some) => setAll(choosing(key, names[key], some));

  function cells() {
    const inside = new Set(families().map((f) => data.families[f]));
    return data.cells.map((_, c) => c).filter((c) => inside.has(data.cells[c].family));
  }

  const price = () => Math.max(0, data.prices.findIndex(({ name }) => name === state.price));
  const scale = () => (state.scale === "linear" ? "linear" : "log");

  // the place of the chosen budget among data.budgets[price()]: by default the last
  function budget() {
    const known = data.budgets[price()] ?? [], place = known.findIndex((value) => String(value) === state.budget);
    return place < 0 ? known.length - 1 : place;
  }

  // controls that live in the state

  // A list whose options may change with the selection. options: () => [[value, text], ...]. Answers with a function that
  // brings the list up to date and gives the chosen value: the first where the state names none of them; undefined where
  // there are none.
  function choice(controls, label, key, options, standard = () => undefined) {
    let before = "", usual;
    const list = select(controls, label, [], (value) => set(key, value === usual ? null : value));
    return () => {
      const known = options().map(([value, text]) => [String(value), text]);
      const now = JSON.stringify(known);
      if (now !== before) {
        list.replaceChildren(...known.map(([value, text]) => element("option", { value, textContent: text })));
        before = now;
      }
      const there = (value) => known.find(([other]) => other === String(value))?.[0];
      usual = there(standard()) ?? known[0]?.[0];
      const value = there(state[key]) ?? usual;
      if (value !== undefined) list.value = value;
      list.parentElement.hidden = known.length < 2;
      return value;
    };
  }

  // A list of the selected cells (those that fit, where only some do); answers with a function that gives the index of
  // the chosen one, undefined where there is none.
  function cellPicker(controls, key, fits = () => true) {
    const read = choice(controls, "Problem", key, () => cells().filter(fits).map((c) => [cellName(c), cellName(c)]));
    return () => {
      const name = read();
      return name === undefined ? undefined : cells().find((c) => cellName(c) === name);
    };
  }

  // drawing

  const dim = () => dark.matches && !paper.matches;

  function theme() {
    const css = getComputedStyle(document.documentElement);
    const color = (name) => css.getPropertyValue(`--${name}`).trim();
    const colors = Object.fromEntries(["page", "card", "ink", "soft", "line", "grid", "good", "warn", "link"].map((name) => [name, color(name)]));
    const axis = { gridcolor: colors.grid, linecolor: colors.line, tickcolor: colors.line, zeroline: false, automargin: true };
    const narrow = innerWidth < 640;
    const layout = {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
      font: { color: colors.ink, size: narrow ? 11 : 13, family: getComputedStyle(document.body).fontFamily },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colors.soft, activecolor: colors.ink },
      margin: { l: narrow ? 40 : 56, r: 12, t: 12, b: 48 },
      hoverlabel: { bgcolor: colors.card, bordercolor: colors.line, font: { color: colors.ink, size: 12 }, align: "left" },
    };
    return { dark: dim(), colors, axis, layout };
  }

  // the axis of costs at the chosen price and scale
  function costAxis() {
    const narrow = innerWidth < 640;
    return { title: { text: escaped(data.prices[price()]?.title ?? "cost"), ...(narrow ? { font: { size: 11 } } : {}) },
      ...(scale() === "log" ? { type: "log", exponentformat: "power" } : { type: "linear", rangemode: "tozero" }) };
  }

  const CONFIG = { responsive: true, displaylogo: false, displayModeBar: "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] };

  // on a phone a long title of an axis takes two lines
  const folded = ({ text, ...rest }) => ({ ...rest, text: innerWidth < 640 ? text.replace(/^(.{20,36})\s(?=.{8})/, "$1<br>") : text });

  // Plotly.react in the colours of the page; axes take what they do not say from its theme
  function plot(box, traces, layout = {}, config = {}) {
    const { axis, layout: base } = theme();
    const axes = Object.entries({ xaxis: {}, yaxis: {}, ...layout }).filter(([key]) => /^[xy]axis/.test(key));
    const whole = { ...base, ...layout, ...Object.fromEntries(axes.map(([key, own_]) => [key, { ...axis, ...own_, ...(own_.title ? { title: folded(own_.title) } : {}) }])) };
    return Plotly.react(box, traces, whole, { ...CONFIG, ...config });
  }

  // Say why there is nothing to draw in place of a chart; "" shows the chart again.
  function say(section, text) {
    let note = section.querySelector(":scope > .empty");
    if (!note) section.querySelector(".plot, .body").before((note = element("p", { className: "empty", role: "status" })));
    note.textContent = text;
    note.hidden = !text;
    for (const part of section.querySelectorAll(".plot, .body, .legend")) part.hidden = Boolean(text);
  }

  // Show a section and its place in the navigation, or neither.
  function show(section, visible) {
    section.hidden = !visible;
    for (const link of document.querySelectorAll(`nav a[href="#${section.id}"]`)) link.parentElement.hidden = !visible;
  }

  function chart(id, setup) {
    const section = document.getElementById(id);
    if (section) charts.push({ id, section, setup, draw: null });
  }

  function drawOne(each) {
    try {
      each.draw ??= each.setup(each.section);
      each.draw();
    } catch (error) {
      console.error(error);
      if (each.section.querySelector(".plot, .body")) say(each.section, `This could not be drawn: ${error.message}`);
    }
  }

  async function draw(some) {
    const mine = ++turn;
    const root = document.documentElement;
    const waiting = root.dataset.drawn === "no" ? charts : some; // what an older drawing may have left undone
    root.dataset.drawn = "no";
    for (const each of waiting) {
      drawOne(each);
      await new Promise((resume) => setTimeout(resume));
      if (mine !== turn) return;
    }
    root.dataset.drawn = "yes";
  }

  const redraw = () => draw(charts);

  async function start() {
    try {
      await decodeAll(data, "");
    } catch (error) {
      document.querySelector("main").prepend(element("p", { className: "empty", textContent: `This browser cannot read the data of the page (${error.message}): a newer one can. The folders tables and figures beside it hold the same.` }));
      throw error;
    }
    state = readAddress();
    addEventListener("popstate", () => { state = readAddress(); redraw(); if (state.section) scrollTo(state.section); });
    dark.addEventListener("change", redraw);
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.('a[href^="#"]');
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      go(link.getAttribute("href").slice(1));
    });
    beforePrint();
    await redraw();
    if (state.section) scrollTo(state.section);
  }

  // On paper charts and tables are as wide as the paper, in light colours.
  function beforePrint() {
    const width = 680; // of A4 and Letter, in CSS pixels
    function fit() {
      for (const each of charts) drawOne(each);
      for (const box of document.querySelectorAll(".js-plotly-plot")) {
        if (box.offsetParent) Plotly.relayout(box, paper.matches ? { width, autosize: false } : { width: null, autosize: true });
      }
      for (const table of document.querySelectorAll(".scroll > table")) {
        table.style.zoom = "";
        if (paper.matches && table.offsetWidth > width) table.style.zoom = width / table.offsetWidth;
      }
    }
    paper.addEventListener("change", fit);
  }

  return {
    data, array, at, element, select, escaped, number, interval, counted, cellName, swatch, dot, theme, costAxis, plot, say, show,
    chart, start, own, set, setAll, choice, cellPicker, choose, optimizers, families, cells, price, scale, budget,
    get state() { return state; },
    reduced: () => still.matches,
    redrawChart: (id) => draw(charts.filter((each) => each.id === id)),
  };
})();
