// Two-dimensional problems as fog over a map, and the paths of the optimizers on it, played over the cost.
page.chart("landscape", (section) => {
  const { data, element, number } = page;
  const facts = data.landscape;
  if (!facts) return () => page.show(section, false);
  const places = page.array("landscape_x").values, best = page.array("landscape_best").values;
  const costs = page.array("landscape_cost"), heights = page.array("landscape_z");
  const size = heights.shape[1], BLANK = 65535, FULL = 65534, LINES = 14, SECONDS = 8;
  const index = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const [canvas, tip, legend, controls] = ["canvas", ".tip", ".legend", ".controls"].map((name) => section.querySelector(name));
  const [play, slider, clock, speed] = ["button", "input", "output", "select"].map((tag) => section.querySelector(`.player ${tag}`));
  const pen = canvas.getContext("2d");
  const selected = () => { const inside = new Set(page.cells().map(page.cellName)); return facts.views.filter((one) => inside.has(`${one.problem}, dim 2`)); };
  const problem = page.choice(controls, "Problem", "landscape.problem", () => selected().map((one) => [one.problem, one.problem]));
  let seeds = [];
  const seedOf = page.choice(controls, "Seed", "landscape.seed", () => seeds.map((one) => [one, String(one)]));
  const shown = page.legend(section, 6);
  let view, field, paths = [], side = 0, when = 1, frame = 0, last = 0, ground, lines, hot = -1, span = [1, 1];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const at = (point, axis) => (places[2 * point + axis] === BLANK ? NaN : (places[2 * point + axis] / FULL) * (1 + 2 * facts.around) - facts.around); // 0 to 1 in the box
  const pixel = (point) => [at(point, 0) * side, (1 - at(point, 1)) * side];
  const reached = (path, cost) => { // the number of its points that were asked within a cost
    let low = path.begin, high = path.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (path.costs[middle] <= cost * 1.0001) low = middle + 1; else high = middle;
    }
    return low - path.begin;
  };
  const value = (level) => {
    const z = view.bottom + (level / FULL) * (view.top - view.bottom);
    return view.log ? 10 ** z : z;
  };
  const measure = () => (view.kind === "gap" ? "f − f_opt" : "f");

  // the cost at a share of the way, at the page's scale
  function cost(share) {
    const [low, high] = span;
    return page.scale() === "log" ? low * (high / low) ** share : low + (high - low) * share;
  }

  function mixed(low, high, share) { // two colours #rrggbb
    const parts = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));
    const [a, b] = [parts(low), parts(high)];
    return a.map((x, i) => Math.round(x + (b[i] - x) * share));
  }

  // the fog: light where f is low; and its contour lines, in units of grid cells
  function map() {
    const z = field;
    const image = new ImageData(size, size);
    const shades = Array.from({ length: 256 }, (_, i) => mixed(color("--fog-low"), color("--fog-high"), i / 255));
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) {
      const level = z[i * size + j], to = 4 * ((size - 1 - i) * size + j); // rows of the grid go up, those of the image down
      if (level === BLANK) continue;
      image.data.set(shades[Math.floor((level / FULL) * 255)], to);
      image.data[to + 3] = 255;
    }
    const made = element("canvas", { width: size, height: size });
    made.getContext("2d").putImageData(image, 0, 0);
    return made;
  }

  // marching squares: where each edge of a cell crosses a level, and the crossings joined two by two
  function contours() {
    const z = field, found = [];
    for (let i = 0; i + 1 < size; i++) for (let j = 0; j + 1 < size; j++) {
      const corners = [z[i * size + j], z[i * size + j + 1], z[(i + 1) * size + j + 1], z[(i + 1) * size + j]];
      if (corners.includes(BLANK)) continue;
      const low = Math.min(...corners), high = Math.max(...corners);
      for (let n = Math.ceil((low / FULL) * LINES + 1e-9); n < LINES && (n / LINES) * FULL <= high; n++) {
        const level = (n / LINES) * FULL, cross = [];
        const edges = [[0, 1, (s) => [j + s, i]], [1, 2, (s) => [j + 1, i + s]], [3, 2, (s) => [j + s, i + 1]], [0, 3, (s) => [j, i + s]]];
        for (const [a, b, place] of edges) {
          if ((corners[a] < level) !== (corners[b] < level)) cross.push(place((level - corners[a]) / (corners[b] - corners[a])));
        }
        for (let k = 0; k + 1 < cross.length; k += 2) found.push(...cross[k], ...cross[k + 1]);
      }
    }
    return found;
  }

  function drawGround() {
    pen.clearRect(0, 0, side, side);
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    const unit = side / (size - 1); // values stand at the corners of cells, not in the middle of pixels
    pen.drawImage(ground, -unit / 2, -unit / 2, side + unit, side + unit);
    pen.strokeStyle = color("--ink");
    pen.globalAlpha = 0.16;
    pen.lineWidth = 1;
    pen.setLineDash([]);
    pen.beginPath();
    for (let k = 0; k < lines.length; k += 4) {
      pen.moveTo(lines[k] * unit, side - lines[k + 1] * unit);
      pen.lineTo(lines[k + 2] * unit, side - lines[k + 3] * unit);
    }
    pen.stroke();
    pen.globalAlpha = 1;
  }

  function star() {
    if (!view.star) return;
    const [x, y] = view.star.map((v, axis) => (v - view.low[axis]) / (view.high[axis] - view.low[axis]));
    pen.beginPath();
    for (let k = 0; k < 10; k++) {
      const radius = k % 2 ? 4 : 9, angle = (Math.PI * k) / 5 - Math.PI / 2;
      pen.lineTo(x * side + radius * Math.cos(angle), (1 - y) * side + radius * Math.sin(angle));
    }
    pen.closePath();
    pen.setLineDash([]);
    pen.fillStyle = color("--ink");
    pen.strokeStyle = color("--card");
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
  }

  function route(path, count) {
    const { style } = path, end = path.begin + count;
    pen.globalAlpha = hot >= 0 && hot !== path.optimizer ? 0.12 : 0.9;
    pen.strokeStyle = pen.fillStyle = style.color;
    pen.lineWidth = Math.max(1.5, style.width * 0.9);
    pen.setLineDash((DASHES[style.dash] || "").split(" ").filter(Boolean).map(Number));
    pen.beginPath();
    let drawing = false, least = Infinity, head = null;
    for (let point = path.begin; point < end; point++) {
      const improved = best[point] < least;
      least = Math.min(least, best[point]);
      const [x, y] = pixel(point);
      if (Number.isNaN(x + y)) { drawing = drawing && style.order === 0; continue; }
      if (style.order > 0 || improved) {
        if (drawing) pen.lineTo(x, y); else pen.moveTo(x, y);
        drawing = true;
        head = [x, y];
      }
    }
    pen.stroke();
    pen.setLineDash([]);
    if (style.order === 0) {
      pen.globalAlpha *= 0.5;
      for (let point = path.begin; point < end; point++) {
        const [x, y] = pixel(point);
        pen.fillRect(x - 1.25, y - 1.25, 2.5, 2.5);
      }
      pen.globalAlpha *= 2;
    }
    if (head) {
      pen.beginPath();
      pen.arc(...head, 4.5, 0, 7);
      pen.fill();
      pen.strokeStyle = color("--card");
      pen.lineWidth = 1.5;
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  function paint() {
    if (!view || !side) return;
    const now = cost(when);
    drawGround();
    for (const path of [...paths].sort((a, b) => (a.optimizer === hot) - (b.optimizer === hot))) {
      if (path.shown) route(path, reached(path, now));
    }
    star();
    for (const path of paths) {
      const count = reached(path, now);
      if (path.text) path.text.textContent = count ? number(best[path.begin + count - 1]) : "–";
    }
    clock.textContent = number(now);
    slider.value = String(Math.round(when * 1000));
    slider.setAttribute("aria-valuetext", `cost ${number(now)}`);
  }

  function step(time) {
    when = Math.min(1, when + ((time - last) / 1000 / SECONDS) * Number(speed.value));
    last = time;
    paint();
    if (when < 1) frame = requestAnimationFrame(step); else stop();
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    play.textContent = page.reduced() ? "Step" : "▶ Play";
  }

  play.onclick = () => {
    if (frame) return stop();
    if (when >= 1) when = 0;
    if (page.reduced()) { // no motion: a tenth of the way at a time
      when = Math.min(1, Math.floor(when * 10 + 1.001) / 10);
      return paint();
    }
    play.textContent = "❚❚ Pause";
    last = performance.now();
    frame = requestAnimationFrame(step);
  };
  slider.oninput = () => { stop(); when = slider.value / 1000; paint(); };

  function fitted() { // as large as there is room for, sharp on any screen
    const sharp = window.devicePixelRatio || 1;
    side = Math.floor(canvas.parentElement.clientWidth);
    canvas.width = canvas.height = side * sharp;
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    paint();
  }
  new ResizeObserver(fitted).observe(canvas.parentElement);

  canvas.onpointermove = canvas.onpointerdown = (event) => {
    const [x, y] = [event.offsetX, event.offsetY], now = cost(when);
    let near = null, least = 12;
    for (const path of paths) {
      if (!path.shown) continue;
      for (let point = path.begin, end = path.begin + reached(path, now); point < end; point++) {
        const [px, py] = pixel(point), away = Math.hypot(px - x, py - y);
        if (away < least) [near, least] = [{ path, point }, away];
      }
    }
    const place = [view.low[0] + (x / side) * (view.high[0] - view.low[0]), view.high[1] - (y / side) * (view.high[1] - view.low[1])];
    const [j, i] = [(x / side) * (size - 1), (1 - y / side) * (size - 1)].map((v) => Math.min(size - 1, Math.max(0, Math.round(v))));
    const level = field[i * size + j];
    const text = near
      ? `${near.path.style.name}, seed ${near.path.seed}: at a cost of ${number(near.path.costs[near.point])} its best ${measure()} is ${number(best[near.point])}`
      : `${measure()} ≈ ${level === BLANK ? "not finite" : number(value(level))}`;
    tip.textContent = `${text} · (${place.map((v) => v.toPrecision(3)).join(", ")})`;
    tip.hidden = false;
    tip.style.left = `${Math.min(x + 12, side - tip.offsetWidth)}px`;
    tip.style.top = `${y + 16}px`;
  };
  canvas.onpointerleave = () => { tip.hidden = true; };

  // the names, those with a path here; behind each what it has reached at the cost of the slider
  function named(chosen) {
    const own = new Map(paths.map((path) => [path.optimizer, path]));
    const depth = (path) => Math.log10(Math.max(best[path.end - 1], 1e-8) || 1e300);
    const items = page.optimizerItems(chosen.filter((o) => own.has(o)), (o) => depth(own.get(o)) + own.get(o).costs[own.get(o).end - 1] * 1e-9);
    const visible = new Set(shown(items).map(({ o }) => o));
    for (const path of paths) path.shown = visible.has(path.optimizer);
    for (const button of legend.querySelectorAll("button[data-key^=o]")) {
      const path = own.get(Number(button.dataset.key.slice(1)));
      if (path) button.append(path.text = element("small", { className: "reached" }));
    }
  }

  function highlight(event) {
    const key = event.type === "pointerout" || event.type === "focusout" ? null : event.target.closest("button[data-key^=o]")?.dataset.key;
    hot = key && /^o\d+$/.test(key) ? Number(key.slice(1)) : -1;
    if (!frame) paint();
  }
  for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) legend.addEventListener(type, highlight);

  function words(left) {
    const range = (axis) => `${number(view.low[axis])} to ${number(view.high[axis])}`;
    const found = view.kind === "gap" ? `gap ${number(view.found)}` : number(view.found);
    const parts = [
      `Instance ${view.instance}: x₁ from ${range(0)} to the right, x₂ from ${range(1)} upwards.`,
      `${measure()} from ${number(value(0))} (clear) to ${number(value(FULL))} (fog), lines at equal ${view.log ? "ratios" : "steps"}.`,
      view.star ? `★ is the best point of all runs here, ${found}.` : "",
      left ? `${page.counted(left, "path")} without a clock of ${left === 1 ? "its" : "their"} own left out.` : "",
      facts.problems > facts.views.length ? `The first ${facts.views.length} of ${facts.problems} such problems.` : "",
    ];
    return parts.filter(Boolean).join(" ");
  }

  return () => {
    stop();
    const wanted = problem(), chosen = page.optimizers();
    const place = facts.views.findIndex((one) => one.problem === wanted);
    if (place < 0) return page.say(section, "Nothing to draw: none of the two-dimensional problems is of a selected family.");
    view = facts.views[place];
    field = heights.values.subarray(place * size * size, (place + 1) * size * size);
    const here = facts.paths.filter((path) => path.view === place && chosen.includes(index.get(path.optimizer)));
    seeds = [...new Set(here.map((path) => path.seed))].sort((a, b) => a - b);
    const seed = seedOf();
    const row = facts.prices[data.prices[page.price()].name];
    const along = costs.values.subarray(row * costs.shape[1], (row + 1) * costs.shape[1]);
    const all = here.filter((path) => String(path.seed) === seed).map((path) => {
      const optimizer = index.get(path.optimizer);
      return { ...path, optimizer, style: data.optimizers[optimizer], costs: along };
    });
    paths = all.filter((path) => Number.isFinite(along[path.begin]));
    page.say(section, paths.length ? "" : all.length ? "Nothing to draw: these runs have no clock of their own." : "Nothing to draw: none of the selected optimizers was run on this problem.");
    if (!paths.length) return;
    const known = paths.flatMap((path) => [along[path.begin], along[path.end - 1]]).filter((c) => c > 0);
    span = known.length ? [Math.min(...known), Math.max(...known)] : [1, 1];
    ground = map();
    lines = contours();
    named(chosen);
    const drawn = paths.filter((path) => path.shown).length;
    section.querySelector(".corner").textContent = words(all.length - paths.length);
    canvas.setAttribute("aria-label", `Map of ${view.problem} with the paths of ${page.counted(drawn, "optimizer")}`);
    canvas.dataset.drawn = String(drawn);
    fitted();
  };
});
