// The names of the curves of a chart: each adds and removes its curve.

// legend(section, most) gives a function of items, {id, name, order, style, rank, remark}, best rank first, that writes
// the names and answers with the items to draw. With more than `most` of them it shows the best of each order, of finite
// rank where there is one, until the reader chooses.
page.legend = (section, most = 12) => {
  const SHOWN = 3;
  const wanted = new Map(); // id -> whether the reader wants it, where they said so
  const box = section.querySelector(".legend");
  const { element, swatch } = page;

  function first(items) {
    if (items.length <= most) return new Set(items.map(({ id }) => id));
    const finite = items.filter(({ rank }) => rank < Infinity).sort((a, b) => a.rank - b.rank);
    const ranked = finite.length ? finite : items;
    const orders = [...new Set(items.map(({ order }) => order))];
    return new Set(orders.flatMap((order) => ranked.filter((item) => item.order === order).slice(0, SHOWN).map(({ id }) => id)));
  }

  return (items, { mark = false } = {}) => {
    const standard = first(items);
    const visible = ({ id }) => wanted.get(id) ?? standard.has(id);
    const toggle = (some, on) => {
      for (const { id } of some) wanted.set(id, on);
      page.redrawChart(section.id);
    };
    const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    box.replaceChildren();
    const orders = [...new Set(items.map(({ order }) => order))].sort((a, b) => a - b);
    for (const order of orders) {
      const members = items.filter((item) => item.order === order);
      const line = element("div");
      if (order >= 0 && items.length > orders.length) {
        const all = members.every(visible);
        const button = element("button", {
          className: "group", type: "button", textContent: `order ${order}, ${FEELS[order]}`, title: all ? "hide all" : "show all",
          onclick: () => toggle(members, !all),
        });
        button.dataset.key = `order ${order}`;
        line.append(button);
      }
      for (const item of members) {
        const button = element("button", { type: "button", onclick: () => toggle([item], !visible(item)) },
          swatch(item.style, mark), element("span", { className: "name", textContent: item.name }));
        if (item.remark) button.append(element("small", { textContent: item.remark }));
        button.setAttribute("aria-pressed", String(visible(item)));
        button.dataset.key = item.id;
        line.append(button);
      }
      box.append(line);
    }
    if (items.some((item) => !visible(item))) {
      box.append(element("p", { className: "note", textContent: `${items.filter(visible).length} of ${items.length} curves are shown, at first the best of each order: the names add and remove them.` }));
    }
    if (focused) [...box.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
    return items.filter(visible);
  };
};

// The items of a legend for optimizers: rank(o) is lower for better ones, remark(o) stands behind the name.
page.optimizerItems = (some, rank = () => 0, remark = () => "") => some.map((o) => {
  const { name, order, ...style } = page.data.optimizers[o];
  return { id: `o${o}`, o, name, order, style, rank: rank(o), remark: remark(o) };
});
