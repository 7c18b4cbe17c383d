// Two-dimensional problems as fog over a map, and the paths of the optimizers on it, played over the cost.
page.chart("landscape", (section) => {
  const { data, element, number } = page;
  const facts = data.landscape;
  if (!facts) return () => page.show(section, false);
  const places = page.array("landscape_x").values, best = page.array("landscape_best").values;
  const size = page.array("landscape_z").shape[1], BLANK = 65535, FULL = 65534, LINES = 14, SECONDS = 8;
  const index = new Map(data.optimizers.map(({ name }, o) => [name, o]));
  const [canvas, play, slider, clock, speed] = ["canvas", "button", "input", "output", ".player select"].map(
    (name) => section.querySelector(name));
  const { tip, legend, controls, corner } = page.parts(section);
  const pen = canvas.getContext("2d");
  const problem = page.choice(controls, "Problem", "landscape.problem", () => {
    const inside = new Set(page.cells().map(page.cellName));
    return facts.views.map((each) => each.problem).filter((name) => inside.has(`${name}, dim 2`));
  });
  let seeds = [];
  const seedOf = page.choice(controls, "Seed", "landscape.seed", () => seeds);
  const visible = page.legend(section, 6);
  /** @type {LandscapeView} */
  let view;
  let field, paths = [], side = 0, when = 1, frame = 0, last = 0, ground, lines, hot = -1, span = [1, 1];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // 0 to 1 in the box
  const at = (place) => (place === BLANK ? NaN : (place / FULL) * (1 + 2 * facts.around) - facts.around);
  const pixel = (point) => [at(places[2 * point]) * side, (1 - at(places[2 * point + 1])) * side];
  const reached = (path, cost) => { // the number of its points that were asked within a cost
    let low = path.begin, high = path.end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (path.costs[middle] <= cost * 1.0001) low = middle + 1; else high = middle;
    }
    return low - path.begin;
  };
  const height = (level) => {
    const z = view.bottom + (level / FULL) * (view.top - view.bottom);
    return view.log ? 10 ** z : z;
  };
  const measure = () => (view.kind === "gap" ? "f − f_opt" : "f");

  // the cost at a fraction of the way, at the page's scale
  function cost(fraction) {
    const [low, high] = span;
    return page.scale() === "log" ? low * (high / low) ** fraction : low + (high - low) * fraction;
  }

  // the fog: light where f is low
  function map() {
    const image = new ImageData(size, size);
    const [low, high] = ["--fog-low", "--fog-high"].map(
      (name) => [1, 3, 5].map((i) => parseInt(color(name).slice(i, i + 2), 16)));
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) {
      const level = field[i * size + j], to = 4 * ((size - 1 - i) * size + j); // rows go up, those of the image down
      if (level === BLANK) continue;
      const shade = Math.floor((level / FULL) * 255) / 255;
      image.data.set([...low.map((x, k) => Math.round(x + (high[k] - x) * shade)), 255], to);
    }
    const made = element("canvas", { width: size, height: size });
    made.getContext("2d").putImageData(image, 0, 0);
    return made;
  }

  // Contour lines by marching squares, in units of grid cells: where each edge of a cell crosses a level, and the
  // crossings joined two by two.
  function contours() {
    const EDGES = [[0, 1, 0, 0, 1, 0], [1, 2, 1, 0, 0, 1], [3, 2, 0, 1, 1, 0], [0, 3, 0, 0, 0, 1]], ends = [];
    for (let i = 0; i + 1 < size; i++) for (let j = 0; j + 1 < size; j++) {
      const corners = [0, 1, size + 1, size].map((k) => field[i * size + j + k]);
      if (corners.includes(BLANK)) continue;
      const low = Math.min(...corners), high = Math.max(...corners);
      for (let n = Math.ceil((low / FULL) * LINES + 1e-9); n < LINES && (n / LINES) * FULL <= high; n++) {
        const level = (n / LINES) * FULL, cross = [];
        for (const [a, b, x, y, dx, dy] of EDGES) {
          if ((corners[a] < level) === (corners[b] < level)) continue;
          const s = (level - corners[a]) / (corners[b] - corners[a]);
          cross.push([j + x + dx * s, i + y + dy * s]);
        }
        for (let k = 0; k + 1 < cross.length; k += 2) ends.push(...cross[k], ...cross[k + 1]);
      }
    }
    return ends;
  }

  function outline(width = 1.5) {
    pen.strokeStyle = color("--card");
    pen.lineWidth = width;
    pen.fill();
    pen.stroke();
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
    outline();
  }

  function route(path, count) {
    const { style } = path, end = path.begin + count;
    pen.globalAlpha = hot >= 0 && hot !== path.o ? 0.12 : 0.9;
    pen.strokeStyle = pen.fillStyle = style.color;
    pen.lineWidth = Math.max(1.5, style.width * 0.9);
    pen.setLineDash((DASHES[style.dash] || "").split(" ").filter(Boolean).map(Number));
    pen.beginPath();
    let drawing = false, least = Infinity, head = null;
    for (let point = path.begin; point < end; point++) {
      const improved = best[point] < least, [x, y] = pixel(point);
      least = Math.min(least, best[point]);
      if (Number.isNaN(x + y)) drawing = drawing && style.order === 0;
      else if (style.order > 0 || improved) {
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
      outline();
    }
    pen.globalAlpha = 1;
  }

  function paint() {
    if (!view || !side) return;
    const now = cost(when);
    drawGround();
    for (const path of [...paths].sort((a, b) => Number(a.o === hot) - Number(b.o === hot))) {
      const count = reached(path, now);
      if (path.shown) route(path, count);
      if (path.text) path.text.textContent = count ? number(best[path.begin + count - 1]) : "–";
    }
    star();
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

  // what is under a place: the nearest point of a path, or else the height of the ground
  canvas.onpointermove = canvas.onpointerdown = ({ offsetX: x, offsetY: y }) => {
    const now = cost(when);
    let near = null, least = 12;
    for (const path of paths.filter(({ shown }) => shown)) {
      for (let point = path.begin, end = path.begin + reached(path, now); point < end; point++) {
        const [px, py] = pixel(point), away = Math.hypot(px - x, py - y);
        if (away < least) [near, least] = [{ path, point }, away];
      }
    }
    const across = [x / side, 1 - y / side];
    const [j, i] = across.map((v) => Math.round(Math.min(1, Math.max(0, v)) * (size - 1)));
    const where = across.map((v, axis) => (view.low[axis] + v * (view.high[axis] - view.low[axis])).toPrecision(3));
    const level = field[i * size + j];
    const text = near
      ? `${near.path.style.name}, seed ${near.path.seed}: at a cost of ${number(near.path.costs[near.point])} `
        + `its best ${measure()} is ${number(best[near.point])}`
      : `${measure()} ≈ ${level === BLANK ? "not finite" : number(height(level))}`;
    tip.textContent = `${text} · (${where.join(", ")})`;
    tip.hidden = false;
    tip.style.left = `${Math.min(x + 12, side - tip.offsetWidth)}px`;
    tip.style.top = `${y + 16}px`;
  };
  canvas.onpointerleave = () => { tip.hidden = true; };

  // the names, those with a path here; behind each what it has reached at the cost of the slider
  function named() {
    const byOptimizer = new Map(paths.map((path) => [path.o, path]));
    const rank = (o) => {
      const { end, costs } = byOptimizer.get(o);
      return Math.log10(Math.max(best[end - 1], 1e-8) || 1e300) + costs[end - 1] * 1e-9;
    };
    const items = page.optimizerItems(page.optimizers().filter((o) => byOptimizer.has(o)), rank);
    for (const { o } of visible(items)) byOptimizer.get(o).shown = true;
    for (const button of legend.querySelectorAll("button[data-key^=o]")) {
      const path = byOptimizer.get(Number(button.dataset.key.slice(1)));
      if (path) button.append(path.text = element("small", { className: "reached" }));
    }
  }

  function highlight({ type, target }) {
    const away = type === "pointerout" || type === "focusout";
    const key = away ? null : target.closest("button[data-key^=o]")?.dataset.key;
    hot = key && /^o\d+$/.test(key) ? Number(key.slice(1)) : -1;
    if (!frame) paint();
  }
  for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) legend.addEventListener(type, highlight);

  function words(left) {
    const [x, y] = [0, 1].map((axis) => `${number(view.low[axis])} to ${number(view.high[axis])}`);
    const best = `${view.kind === "gap" ? "gap " : ""}${number(view.found)}`;
    const sentences = [
      `Instance ${view.instance}: x₁ from ${x} to the right, x₂ from ${y} upwards.`,
      `${measure()} from ${number(height(0))} (clear) to ${number(height(FULL))} (fog), lines at equal `
        + `${view.log ? "ratios" : "steps"}.`,
      view.star ? `★ is the best point of all runs here, ${best}.` : "",
      left ? `${page.counted(left, "path")} without a clock of ${left === 1 ? "its" : "their"} own left out.` : "",
      facts.problems > facts.views.length ? `The first ${facts.views.length} of ${facts.problems} such problems.` : "",
    ];
    return sentences.filter(Boolean).join(" ");
  }

  return () => {
    stop();
    const name = problem(), place = facts.views.findIndex((each) => each.problem === name);
    if (place < 0) {
      return page.say(section, "Nothing to draw: none of the two-dimensional problems is of a selected family.");
    }
    view = facts.views[place];
    field = page.row("landscape_z", place);
    const selected = new Set(page.optimizers());
    const here = facts.paths.filter((path) => path.view === place && selected.has(index.get(path.optimizer)));
    seeds = [...new Set(here.map((path) => path.seed))].sort((a, b) => a - b);
    const seed = seedOf(), costs = page.row("landscape_cost", facts.prices[data.prices[page.price()].name]);
    const all = here.filter((path) => String(path.seed) === seed).map((path) => {
      const o = index.get(path.optimizer);
      return { ...path, o, style: data.optimizers[o], costs, shown: false, text: null };
    });
    paths = all.filter((path) => Number.isFinite(costs[path.begin]));
    page.say(section, paths.length ? "" : all.length ? "Nothing to draw: these runs have no clock of their own."
      : "Nothing to draw: none of the selected optimizers was run on this problem.");
    if (!paths.length) return;
    const known = paths.flatMap((path) => [costs[path.begin], costs[path.end - 1]]).filter((c) => c > 0);
    span = known.length ? [Math.min(...known), Math.max(...known)] : [1, 1];
    ground = map();
    lines = contours();
    named();
    const drawn = paths.filter((path) => path.shown).length;
    corner.textContent = words(all.length - paths.length);
    canvas.setAttribute("aria-label", `Map of ${view.problem} with the paths of ${page.counted(drawn, "optimizer")}`);
    canvas.dataset.drawn = String(drawn);
    fitted();
  };
});
