// The names of the curves of a chart: each adds and removes its curve.

// legend(section, most) gives a function of items, best rank first, that writes the names and answers with the items to
// draw. With more than `most` of them it shows the best of each order, of finite rank where there is one, until the
// reader chooses.
page.legend = (section, most = 12) => {
  const SHOWN = 3;
  const wanted = new Map(); // id -> whether the reader wants it, where they said so
  const box = section.querySelector(".legend");
  const { element, swatch, button } = page;
  const ordersOf = (items) => [...new Set(items.map(({ order }) => order))].sort((a, b) => a - b);

  function first(items) {
    if (items.length <= most) return new Set(items.map(({ id }) => id));
    const finite = items.filter(({ rank }) => rank < Infinity).sort((a, b) => a.rank - b.rank);
    const ranked = finite.length ? finite : items;
    const best = (order) => ranked.filter((item) => item.order === order).slice(0, SHOWN);
    return new Set(ordersOf(items).flatMap(best).map(({ id }) => id));
  }

  return (items, { mark = false } = {}) => {
    const standard = first(items);
    const visible = ({ id }) => wanted.get(id) ?? standard.has(id);
    const toggle = (members, on) => {
      for (const { id } of members) wanted.set(id, on);
      page.redrawChart(section.id);
    };
    const refocus = page.focused(box);
    box.replaceChildren();
    const orders = ordersOf(items);
    for (const order of orders) {
      const members = items.filter((item) => item.order === order);
      const line = element("div");
      const add = (key, properties, ...children) => {
        const made = button(properties, ...children);
        made.dataset.key = key;
        line.append(made);
      };
      if (order >= 0 && items.length > orders.length) {
        const all = members.every(visible), title = all ? "hide all" : "show all";
        add(`order ${order}`, { className: "group", textContent: `order ${order}, ${FEELS[order]}`, title,
          onclick: () => toggle(members, !all) });
      }
      for (const item of members) {
        const remark = item.remark ? [element("small", { textContent: item.remark })] : [];
        add(item.id, { onclick: () => toggle([item], !visible(item)), "aria-pressed": String(visible(item)) },
          swatch(item.style, mark), page.named(item.name), ...remark);
      }
      box.append(line);
    }
    const drawn = items.filter(visible);
    if (drawn.length < items.length) {
      const textContent = `${drawn.length} of ${items.length} curves are shown, at first the best of each order: `
        + "the names add and remove them.";
      box.append(element("p", { className: "note", textContent }));
    }
    refocus();
    return drawn;
  };
};

// The items of a legend for optimizers: rank(o) is lower for better ones, remark(o) stands behind the name.
page.optimizerItems = (optimizers, rank = () => 0, remark = () => "") => optimizers.map((o) => {
  const { name, order, ...style } = page.data.optimizers[o];
  return { id: `o${o}`, o, name, order, style, rank: rank(o), remark: remark(o) };
});
