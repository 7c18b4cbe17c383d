// The bar that selects for all charts at once: optimizers, families, price, scale; and the way to each section.

page.chart("bar", (bar) => {
  const { data, element, dot } = page;
  const names = data.optimizers.map(({ name }) => name);
  const menus = [...bar.querySelectorAll("details")];

  for (const menu of menus) {
    menu.addEventListener("toggle", () => {
      if (!menu.open) return;
      for (const other of menus) if (other !== menu) other.open = false;
      menu.querySelector("input[type=search]")?.focus();
    });
  }
  document.addEventListener("click", (event) => { for (const menu of menus) if (!menu.contains(event.target)) menu.open = false; });
  bar.querySelector("nav").addEventListener("click", () => { bar.querySelector(".sections").open = false; });
  document.addEventListener("keydown", (event) => {
    const menu = menus.find((each) => each.open);
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  // a box of names with check marks; answers with a function that marks those selected
  function list(menu, key, count, selected, label) {
    const box = menu.querySelector(".choices");
    const marks = [...Array(count).keys()].map((i) => {
      const mark = element("input", { type: "checkbox", onchange: () => {
        page.choose(key, mark.checked ? [...new Set([...selected(), i])].sort((a, b) => a - b) : selected().filter((j) => j !== i));
      } });
      const only = element("button", { type: "button", className: "only", textContent: "only", "aria-label": `only ${label(i).at(-1)}`, onclick: () => page.choose(key, [i]) });
      const [signs, name] = [label(i).slice(0, -1), label(i).at(-1)];
      box.append(element("div", { className: "choice" }, element("label", {}, mark, ...signs, element("span", { className: "name", textContent: name })), only));
      return mark;
    });
    const all = [...Array(count).keys()];
    menu.querySelector(".all").onclick = () => page.choose(key, all);
    menu.querySelector(".none").onclick = () => page.choose(key, []);
    return () => {
      const some = new Set(selected());
      marks.forEach((mark, i) => { mark.checked = some.has(i); });
      menu.querySelector("summary b").textContent = some.size === count ? `all ${count}` : `${some.size} of ${count}`;
      menu.querySelector("summary").classList.toggle("changed", some.size !== count);
    };
  }

  const [optimizerMenu, familyMenu] = ["optimizers", "families"].map((name) => bar.querySelector(`.${name}`));
  const markOptimizers = list(optimizerMenu, "optimizers", names.length, page.optimizers, (o) => [dot(data.optimizers[o]), names[o]]);
  const markFamilies = list(familyMenu, "families", data.families.length, page.families, (f) => [data.families[f]]);

  const search = optimizerMenu.querySelector("input[type=search]");
  const rows = [...optimizerMenu.querySelectorAll(".choice")];
  search.oninput = () => rows.forEach((row, o) => { row.hidden = !names[o].toLowerCase().includes(search.value.trim().toLowerCase()); });
  optimizerMenu.querySelector(".found").onclick = () => page.choose("optimizers", rows.map((_, o) => o).filter((o) => !rows[o].hidden));

  const groups = data.orders.map(({ order }) => {
    const members = data.optimizers.map((_, o) => o).filter((o) => data.optimizers[o].order === order);
    const button = element("button", { type: "button", textContent: `order ${order}, ${FEELS[order]}`, onclick: () => {
      const rest = page.optimizers().filter((o) => !members.includes(o));
      const whole = members.every((o) => page.optimizers().includes(o));
      page.choose("optimizers", whole ? rest : [...rest, ...members].sort((a, b) => a - b));
    } });
    optimizerMenu.querySelector(".orders").append(button);
    return () => button.setAttribute("aria-pressed", String(members.every((o) => page.optimizers().includes(o))));
  });

  const price = bar.querySelector(".price select");
  for (const { name, short, note } of data.prices) price.append(element("option", { value: name, textContent: short, title: note }));
  price.onchange = () => page.setAll({ price: price.value === data.prices[0].name ? null : price.value, budget: null });

  const scales = [...bar.querySelectorAll(".scale button")];
  for (const button of scales) button.onclick = () => page.set("scale", button.value === "log" ? null : button.value);
  bar.querySelector(".reset").onclick = () => page.setAll({ ...Object.fromEntries(Object.keys(page.state).map((key) => [key, null])) });

  return () => {
    markOptimizers();
    markFamilies();
    for (const group of groups) group();
    price.value = data.prices[page.price()]?.name;
    for (const button of scales) button.setAttribute("aria-pressed", String(button.value === page.scale()));
    const { section, ...rest } = page.state;
    bar.querySelector(".reset").hidden = !Object.keys(rest).length;
  };
});
