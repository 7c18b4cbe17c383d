// Two-dimensional problems as fog over a map, and the paths of the optimizers on it, played over the cost.
page.chart("landscape", (section, { tip, legend, controls, corner }) => {
  const { data, element, number, counted } = page, facts = data.landscape;
  const places = page.array("landscape_x").values, best = page.array("landscape_best").values;
  const size = page.array("landscape_z").shape[1], BLANK = 65535, FULL = 65534, LINES = 14, SECONDS = 8;
  const DISC = new Path2D("M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z");
  const STAR = new Path2D("M0-9 2.4-3.2 8.6-2.8 3.8 1.2 5.3 7.3 0 4-5.3 7.3-3.8 1.2-8.6-2.8-2.4-3.2z");
  const [canvas, play, slider, clock, speed] = ["canvas", "button", "input", "output", ".player select"].map(
    (name) => section.querySelector(name));
  const pen = canvas.getContext("2d");
  const problem = page.choice(controls, "Problem", "landscape.problem", () => (
    facts.views.map((each) => each.problem).filter((name) => page.cellNames().includes(`${name}, dim 2`))));
  let seeds = [];
  const seedOf = page.choice(controls, "Seed", "landscape.seed", () => seeds);
  const visible = page.legend(section, 6);
  /** @type {LandscapeView} */
  let view;
  let field, paths = [], shown = [], side = 0, when = 1, frame = 0, last = 0, ground, lines, hot = null, span = [1, 1];

  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  // 0 to 1 in the box
  const at = (place) => (place === BLANK ? NaN : (place / FULL) * (1 + 2 * facts.around) - facts.around);
  const pixel = (point) => [at(places[2 * point]) * side, (1 - at(places[2 * point + 1])) * side];
  const reached = ({ costs, begin, end }, cost) => { // the number of its points that were asked within a cost
    const beyond = costs.subarray(begin, end).findIndex((each) => each > cost * 1.0001);
    return beyond < 0 ? end - begin : beyond;
  };

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
    field.forEach((level, k) => {
      if (level === BLANK) return;
      const row = size - 1 - Math.floor(k / size), shade = Math.floor((level / FULL) * 255) / 255; // rows go up
      image.data.set([...low.map((x, i) => Math.round(x + (high[i] - x) * shade)), 255], 4 * (row * size + (k % size)));
    });
    const made = element("canvas", { width: size, height: size });
    made.getContext("2d").putImageData(image, 0, 0);
    return made;
  }

  // Contour lines by marching squares, in units of grid cells from the top: where each edge of a cell crosses a level,
  // and the crossings joined two by two.
  function contours() {
    const EDGES = [[0, 1, 0, 0, 1, 0], [1, 2, 1, 0, 0, 1], [3, 2, 0, 1, 1, 0], [0, 3, 0, 0, 0, 1]];
    const drawn = new Path2D();
    for (let i = 0; i + 1 < size; i++) for (let j = 0; j + 1 < size; j++) {
      const corners = [0, 1, size + 1, size].map((k) => field[i * size + j + k]);
      if (corners.includes(BLANK)) continue;
      const low = Math.min(...corners), high = Math.max(...corners);
      for (let n = Math.ceil((low / FULL) * LINES + 1e-9); n < LINES && (n / LINES) * FULL <= high; n++) {
        const level = (n / LINES) * FULL, cross = [];
        for (const [a, b, x, y, dx, dy] of EDGES) {
          if ((corners[a] < level) === (corners[b] < level)) continue;
          const s = (level - corners[a]) / (corners[b] - corners[a]);
          cross.push([j + x + dx * s, size - 1 - (i + y + dy * s)]);
        }
        cross.forEach(([x, y], k) => (k % 2 ? drawn.lineTo(x, y) : drawn.moveTo(x, y)));
      }
    }
    return drawn;
  }

  // a shape with its middle at a place, outlined; in the colour of the pen
  function sign(shape, x, y) {
    pen.save();
    pen.translate(x, y);
    pen.setLineDash([]);
    Object.assign(pen, { strokeStyle: color("--card"), lineWidth: 1.5 });
    pen.fill(shape);
    pen.stroke(shape);
    pen.restore();
  }

  function drawGround() {
    pen.clearRect(0, 0, side, side);
    pen.imageSmoothingQuality = "high";
    pen.save();
    pen.scale(side / (size - 1), side / (size - 1));
    pen.drawImage(ground, -0.5, -0.5, size, size); // values stand at the corners of cells, not in the middle of pixels
    Object.assign(pen, { strokeStyle: color("--ink"), globalAlpha: 0.16, lineWidth: (size - 1) / side });
    pen.stroke(lines);
    pen.restore();
  }

  function route(path, count) {
    const { style, order, begin } = path, end = begin + count, alpha = hot && hot !== path ? 0.12 : 0.9;
    Object.assign(pen, { globalAlpha: alpha, strokeStyle: style.color, fillStyle: style.color,
      lineWidth: Math.max(1.5, style.width * 0.9) });
    pen.setLineDash((DASHES[style.dash] || "").split(" ").filter(Boolean).map(Number));
    pen.beginPath();
    let drawing = false, least = Infinity, head = null;
    for (let point = begin; point < end; point++) {
      const improved = best[point] < least, [x, y] = pixel(point);
      least = Math.min(least, best[point]);
      if (Number.isNaN(x + y)) drawing = drawing && order === 0;
      else if (order > 0 || improved) {
        if (drawing) pen.lineTo(x, y); else pen.moveTo(x, y);
        drawing = true;
        head = [x, y];
      }
    }
    pen.stroke();
    pen.setLineDash([]);
    if (order === 0) {
      pen.globalAlpha = alpha / 2;
      for (let point = begin; point < end; point++) {
        const [x, y] = pixel(point);
        pen.fillRect(x - 1.25, y - 1.25, 2.5, 2.5);
      }
      pen.globalAlpha = alpha;
    }
    if (head) sign(DISC, head[0], head[1]);
    pen.globalAlpha = 1;
  }

  function paint() {
    if (!view || !side) return;
    const now = cost(when);
    drawGround();
    for (const path of shown.toSorted((a, b) => Number(a === hot) - Number(b === hot))) route(path, reached(path, now));
    for (const path of paths) {
      const count = reached(path, now);
      path.text.textContent = count ? number(best[path.begin + count - 1]) : "–";
    }
    if (view.star) {
      const [x, y] = view.star.map((v, axis) => (v - view.low[axis]) / (view.high[axis] - view.low[axis]));
      pen.fillStyle = color("--ink");
      sign(STAR, x * side, (1 - y) * side);
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
    when = when >= 1 ? 0 : page.reduced() ? Math.min(1, Math.floor(when * 10 + 1.001) / 10) : when;
    if (page.reduced()) return paint(); // no motion: a tenth of the way at a time
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
    for (const path of shown) {
      for (let point = path.begin, end = path.begin + reached(path, now); point < end; point++) {
        const [px, py] = pixel(point), away = Math.hypot(px - x, py - y);
        if (away < least) [near, least] = [{ path, point }, away];
      }
    }
    const across = [x / side, 1 - y / side];
    const [j, i] = across.map((v) => Math.round(Math.min(1, Math.max(0, v)) * (size - 1)));
    const where = across.map((v, axis) => (view.low[axis] + v * (view.high[axis] - view.low[axis])).toPrecision(3));
    const level = field[i * size + j], measure = data.words.kinds[view.kind];
    const z = view.bottom + (level / FULL) * (view.top - view.bottom);
    const text = near
      ? `${near.path.name}, seed ${near.path.seed}: at a cost of ${number(near.path.costs[near.point])} `
        + `its best ${measure} is ${number(best[near.point])}`
      : `${measure} ≈ ${level === BLANK ? "not finite" : number(view.log ? 10 ** z : z)}`;
    Object.assign(tip, { textContent: `${text} · (${where.join(", ")})`, hidden: false });
    Object.assign(tip.style, { left: `${Math.min(x + 12, side - tip.offsetWidth)}px`, top: `${y + 16}px` });
  };
  canvas.onpointerleave = () => { tip.hidden = true; };

  function highlight({ type, target }) {
    const key = type.endsWith("out") ? null : target.closest("button")?.dataset.key;
    hot = paths.find(({ id }) => id === key) ?? null;
    if (!frame) paint();
  }
  for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) legend.addEventListener(type, highlight);

  return () => {
    stop();
    const name = problem(), place = facts.views.findIndex((each) => each.problem === name);
    if (place < 0) {
      return page.say(section, "Nothing to draw: none of the two-dimensional problems is of a selected family.");
    }
    view = facts.views[place];
    field = page.row("landscape_z", place);
    const costs = page.row("landscape_cost", facts.prices[data.prices[page.price()].name]);
    const here = facts.paths.map((path) => ({ ...path, costs, o: page.placeOf.get(path.optimizer) }))
      .filter(({ view: where, o }) => where === place && page.optimizers().includes(o));
    seeds = [...new Set(here.map((path) => path.seed))].sort((a, b) => a - b);
    const seed = seedOf(), all = here.filter((path) => String(path.seed) === seed);
    const known = all.filter((path) => Number.isFinite(costs[path.begin])), without = all.length - known.length;
    if (page.say(section, known.length ? "" : without ? "Nothing to draw: these runs have no clock of their own."
      : "Nothing to draw: none of the selected optimizers was run on this problem.")) return;
    const ends = known.flatMap((path) => [costs[path.begin], costs[path.end - 1]]).filter((c) => c > 0);
    span = ends.length ? [Math.min(...ends), Math.max(...ends)] : [1, 1];
    ground = map();
    lines = contours();
    const rank = ({ end }) => Math.log10(Math.max(best[end - 1], 1e-8) || 1e300) + costs[end - 1] * 1e-9;
    paths = page.items(known, rank).map((path) => ({ ...path, text: element("small", { className: "reached" }) }));
    shown = visible(paths);
    for (const { id, text } of paths) legend.querySelector(`[data-key=${id}]`).append(text);
    corner.textContent = view.caption
      + (without ? ` ${counted(without, "path")} without a clock of its own left out.` : "");
    canvas.setAttribute("aria-label", `Map of ${view.problem} with the paths of ${counted(shown.length, "optimizer")}`);
    fitted();
  };
});
