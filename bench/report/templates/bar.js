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

  // a box of labels [sign, ..., name] with check marks; answers with a function that marks those selected
  function list(key, labels, selected) {
    const menu = bar.querySelector(`.${key}`), all = labels.map((_, i) => i);
    const marks = labels.map((words, i) => {
      const signs = words.slice(0, -1), name = words.at(-1);
      const mark = element("input", { type: "checkbox", onchange: () => {
        page.choose(key, all.filter((j) => (j === i ? mark.checked : selected().includes(j))));
      } });
      const only = button({ className: "only", textContent: "only", "aria-label": `only ${name}`,
        onclick: () => page.choose(key, [i]) });
      const label = element("label", {}, mark, ...signs, page.named(name));
      menu.querySelector(".choices").append(element("div", { className: "choice" }, label, only));
      return mark;
    });
    menu.querySelector(".all").onclick = () => page.choose(key, all);
    menu.querySelector(".none").onclick = () => page.choose(key, []);
    return () => {
      const places = selected(), n = places.length;
      marks.forEach((mark, i) => { mark.checked = places.includes(i); });
      menu.querySelector("summary b").textContent = n === all.length ? `all ${n}` : `${n} of ${all.length}`;
      menu.querySelector("summary").classList.toggle("changed", n !== all.length);
    };
  }

  const markOptimizers = list("optimizers", data.optimizers.map((o) => [dot(o), o.name]), page.optimizers);
  const markFamilies = list("families", data.families.map((name) => [name]), page.families);

  const optimizerMenu = bar.querySelector(".optimizers"), search = optimizerMenu.querySelector("input[type=search]");
  const rows = [...optimizerMenu.querySelectorAll(".choice")];
  search.oninput = () => rows.forEach((row, o) => {
    row.hidden = !names[o].toLowerCase().includes(search.value.trim().toLowerCase());
  });
  optimizerMenu.querySelector(".found").onclick = () => {
    page.choose("optimizers", rows.map((_, o) => o).filter((o) => !rows[o].hidden));
  };

  const groups = data.orders.map(({ order }) => {
    const members = names.map((_, o) => o).filter((o) => data.optimizers[o].order === order);
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
  price.onchange = () => page.setAll(
    { price: price.value === data.prices[0].name ? null : price.value, budget: null });

  const scales = [...bar.querySelectorAll(".scale button")];
  for (const each of scales) each.onclick = () => page.set("scale", each.value === "log" ? null : each.value);
  const reset = () => page.setAll(Object.fromEntries(Object.keys(page.state).map((key) => [key, null])));
  bar.querySelector(".reset").onclick = reset;

  return () => {
    markOptimizers();
    markFamilies();
    for (const mark of groups) mark();
    price.value = data.prices[page.price()]?.name;
    for (const each of scales) each.setAttribute("aria-pressed", String(each.value === page.scale()));
    bar.querySelector(".reset").hidden = !Object.keys(page.state).some((key) => key !== "section");
  };
});
