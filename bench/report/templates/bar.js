// The bar that selects for all charts at once: optimizers, families, price, scale; and the way to each section.

page.chart("bar", (bar) => {
  const { data, element, dot, button } = page;
  const names = data.optimizers.map(({ name }) => name);
  const menus = [...bar.querySelectorAll("details")];

  for (const menu of menus) {
    menu.addEventListener("toggle", () => { if (menu.open) menu.querySelector("input[type=search]")?.focus(); });
  }
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  bar.querySelector("nav").onclick = () => { bar.querySelector(".sections").open = false; };
  document.addEventListener("keydown", (event) => {
    const menu = menus.find(({ open }) => open);
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // the check marks of a menu, with a sign before each name; answers with a function that marks those selected
  function list(key, all, selected, sign = (/** @type {number} */ _) => []) {
    const menu = bar.querySelector(`.${key}`), summary = menu.querySelector("summary"), places = [...all.keys()];
    const marks = all.map((name, i) => {
      const mark = element("input", { type: "checkbox", onchange: () => (
        page.choose(key, places.filter((j) => (j === i ? mark.checked : selected().includes(j))))) });
      const only = button({ className: "only", textContent: "only", "aria-label": `only ${name}`,
        onclick: () => page.choose(key, [i]) });
      const label = element("label", {}, mark, ...sign(i), page.named(name));
      menu.querySelector(".choices").append(element("div", { className: "choice" }, label, only));
      return mark;
    });
    menu.querySelector(".all").onclick = () => page.choose(key, places);
    menu.querySelector(".none").onclick = () => page.choose(key, []);
    return () => {
      const chosen = selected(), n = chosen.length;
      marks.forEach((mark, i) => { mark.checked = chosen.includes(i); });
      summary.querySelector("b").textContent = n === all.length ? `all ${n}` : `${n} of ${all.length}`;
      summary.classList.toggle("changed", n !== all.length);
    };
  }

  const lists = [list("optimizers", names, page.optimizers, (o) => [dot(data.optimizers[o])]),
    list("families", data.families, page.families)];

  const optimizerMenu = bar.querySelector(".optimizers"), search = optimizerMenu.querySelector("input[type=search]");
  const rows = [...optimizerMenu.querySelectorAll(".choice")];
  search.oninput = () => rows.forEach((row, o) => {
    row.hidden = !names[o].toLowerCase().includes(search.value.trim().toLowerCase());
  });
  optimizerMenu.querySelector(".found").onclick = () => {
    page.choose("optimizers", [...rows.keys()].filter((o) => !rows[o].hidden));
  };

  const groups = data.orders.map(({ order }) => {
    const members = [...names.keys()].filter((o) => data.optimizers[o].order === order);
    const whole = () => members.every((o) => page.optimizers().includes(o));
    const toggle = button({ textContent: `order ${order}, ${FEELS[order]}`, onclick: () => {
      const rest = page.optimizers().filter((o) => !members.includes(o));
      page.choose("optimizers", whole() ? rest : [...rest, ...members].sort((a, b) => a - b));
    } });
    optimizerMenu.querySelector(".orders").append(toggle);
    return () => toggle.setAttribute("aria-pressed", String(whole()));
  });

  const price = bar.querySelector(".price select");
  price.append(...data.prices.map(
    ({ name, short, note }) => element("option", { value: name, textContent: short, title: note })));
  price.onchange = () => page.set({ price: price.value === data.prices[0].name ? null : price.value, budget: null });

  const scales = [...bar.querySelectorAll(".scale button")];
  for (const each of scales) each.onclick = () => page.set({ scale: each.value === "log" ? null : each.value });
  const reset = bar.querySelector(".reset");
  reset.onclick = () => page.set(Object.fromEntries(Object.keys(page.state).map((key) => [key, null])));

  return () => {
    for (const mark of [...lists, ...groups]) mark();
    price.value = data.prices[page.price()]?.name;
    for (const each of scales) each.setAttribute("aria-pressed", String(each.value === page.scale()));
    reset.hidden = !Object.keys(page.state).some((key) => key !== "section");
  };
});
