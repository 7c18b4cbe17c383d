"use strict";
// Draws the figures and the table of expected runtimes from the JSON beside them. All names are set as text.

const DASHES = { solid: "", dash: "6 3", dot: "2 2.5", dashdot: "6 3 2 3", longdash: "10 3" };
const MARKS = {
  circle: "M10 4a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", square: "M10 1h6v6h-6z", "triangle-up": "M13 1l3.5 6h-7z",
  cross: "M13 1v6M10 4h6", x: "M10.5 1.5l5 5M15.5 1.5l-5 5",
};
const FEELS = ["height", "slope", "curvature"];

function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function select(controls, label, options, onchange) {
  const list = element("select", { onchange: () => onchange(list.value) });
  for (const [value, text] of options) list.append(element("option", { value, textContent: text }));
  controls.append(element("label", {}, label, list));
}

// Plotly reads tags and entities in names
function escaped(name) {
  return name.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function theme() {
  const css = getComputedStyle(document.documentElement);
  const color = (name) => css.getPropertyValue(name).trim();
  const axis = { gridcolor: color("--grid"), linecolor: color("--line"), zeroline: false, automargin: true };
  return {
    axis,
    layout: {
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false, hovermode: "closest",
      font: { color: color("--ink"), size: 13, family: getComputedStyle(document.body).fontFamily },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--soft"), activecolor: color("--ink") },
      margin: { l: 56, r: 12, t: 12, b: 48 },
      hoverlabel: { bgcolor: color("--card"), bordercolor: color("--line"), font: { color: color("--ink") } },
    },
  };
}

// the band between the quartiles, as one closed line
function band(trace) {
  const inside = trace.customdata.map(([low, high], i) => [trace.x[i], low, high]).filter((p) => p[1] !== null && p[2] !== null);
  return {
    type: "scatter", mode: "lines", fill: "toself", hoverinfo: "skip", line: { width: 0 }, visible: trace.visible,
    fillcolor: trace.line.color + "28",
    x: [...inside.map((p) => p[0]), ...inside.map((p) => p[0]).reverse()],
    y: [...inside.map((p) => p[2]), ...inside.map((p) => p[1]).reverse()],
  };
}

function figure(section) {
  const { views, choose } = JSON.parse(section.querySelector("script").textContent);
  const [controls, plot, legend] = [".controls", ".plot", ".legend"].map((name) => section.querySelector(name));
  if (!views.length) {
    plot.replaceWith(element("p", { className: "empty", textContent: "Nothing to draw: no run has a value." }));
    return;
  }
  const chosen = new Map(); // name -> whether the reader wants it, where they said so
  let view = views[0];

  function draw() {
    const { axis, layout } = theme();
    const visible = (trace) => chosen.get(trace.name) ?? trace.visible;
    const traces = view.data.map((trace) => ({ ...trace, name: escaped(trace.name), visible: visible(trace) }));
    const bands = traces.filter((trace) => trace.customdata).map(band);
    Plotly.react(plot, [...bands, ...traces], {
      ...layout, xaxis: { ...axis, ...view.layout.xaxis }, yaxis: { ...axis, ...view.layout.yaxis },
    }, { responsive: true, displaylogo: false, displayModeBar: "hover", modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]] });
    names(visible);
  }

  function names(visible) {
    legend.replaceChildren();
    const orders = new Set(view.data.map((trace) => trace.meta.order));
    for (const order of [0, 1, 2]) {
      const members = view.data.filter((trace) => trace.meta.order === order);
      if (!members.length) continue;
      const toggle = (traces, on) => { for (const trace of traces) chosen.set(trace.name, on); draw(); };
      const line = element("div");
      if (view.data.length > orders.size) {
        const all = members.every(visible);
        line.append(element("button", {
          className: "group", type: "button", textContent: `order ${order}, ${FEELS[order]}`, title: all ? "hide all" : "show all",
          onclick: () => toggle(members, !all),
        }));
      }
      for (const trace of members) {
        const button = element("button", { type: "button", onclick: () => toggle([trace], !visible(trace)) }, swatch(trace.line, trace.meta.mark), trace.name);
        if (trace.meta.remark) button.append(element("small", { textContent: trace.meta.remark }));
        button.setAttribute("aria-pressed", String(visible(trace)));
        line.append(button);
      }
      legend.append(line);
    }
  }

  if (views.length > 1) {
    select(controls, choose, views.map((item, i) => [i, item.label]), (i) => { view = views[i]; draw(); });
  }
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

function swatch(line, mark) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [key, value] of Object.entries({ width: 26, height: 8, "aria-hidden": "true" })) svg.setAttribute(key, value);
  const look = mark
    ? { d: MARKS[mark], stroke: line.color, "stroke-width": 1.5, fill: line.color }
    : { d: "M0 4H26", stroke: line.color, "stroke-width": line.width + 0.5, "stroke-dasharray": DASHES[line.dash] };
  for (const [key, value] of Object.entries(look)) path.setAttribute(key, value);
  svg.append(path);
  return svg;
}

function runtimes(section) {
  const { rows, columns, goals, cells } = JSON.parse(section.querySelector("script").textContent);
  const box = section.querySelector(".matrix");
  if (!goals.length) {
    box.replaceWith(element("p", { className: "empty", textContent: "There are no runs, and so no runtimes." }));
    return;
  }

  function head() {
    const line = element("tr", {}, element("th", { scope: "col", textContent: "Problem" }));
    for (const [name, , color] of columns) {
      const dot = element("i", { className: "dot" });
      dot.style.background = color;
      line.append(element("th", { scope: "col" }, dot, name));
    }
    return element("thead", {}, line);
  }

  function cell(entry) {
    if (!entry) return element("td", { className: "none" });
    const [ert, solved, interval, strength] = entry;
    if (!solved) return element("td", { className: "none", textContent: ert });
    const made = element("td", {}, ert, element("small", { textContent: solved }), element("small", { textContent: interval }));
    made.style.setProperty("--strength", strength);
    return made;
  }

  function draw(goal) {
    const body = element("tbody");
    rows.forEach(([problem, dim], r) => {
      const found = cells[goal][r];
      if (!found) return;
      const name = element("th", { scope: "row" }, problem, " ", element("small", { textContent: `dim ${dim}` }));
      body.append(element("tr", {}, name, ...columns.map((_, c) => cell(found[c]))));
    });
    box.replaceChildren(element("table", {}, head(), body));
  }

  select(section.querySelector(".controls"), "Target", goals, draw);
  draw(goals[0][0]);
}

document.querySelectorAll(".figure").forEach(figure);
runtimes(document.getElementById("ert"));
