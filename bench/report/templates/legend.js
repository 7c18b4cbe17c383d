// The names of the curves of a chart: each adds and removes its curve.

// legend(section, most) gives a function of items that writes the names and answers with the items to draw. Where there
// are more than `most` it shows the best three of each order, of finite rank where there are any, until one is chosen.
page.legend = (section, most = 12) => {
  const { element, button } = page, box = section.querySelector(".legend");
  const wanted = new Map(); // id -> whether the reader wants it, where they said so
  const ordersOf = (items) => [...new Set(items.map(({ order }) => order))].sort((a, b) => a - b);

  function first(items) {
    if (items.length <= most) return items;
    const finite = items.filter(({ rank }) => rank < Infinity).sort((a, b) => a.rank - b.rank);
    const ranked = finite.length ? finite : items;
    return ordersOf(items).flatMap((order) => ranked.filter((item) => item.order === order).slice(0, 3));
  }

  function toggle(items, on) {
    for (const { id } of items) wanted.set(id, on);
    page.redrawChart(section.id);
  }

  return (items, { mark = false } = {}) => {
    const standard = new Set(first(items)), orders = ordersOf(items), refocus = page.focused(box);
    const visible = (item) => wanted.get(item.id) ?? standard.has(item);
    box.replaceChildren(...orders.map((order) => {
      const members = items.filter((item) => item.order === order), all = members.every(visible);
      const whole = button({ "data-key": `order ${order}`, className: "group", title: all ? "hide all" : "show all",
        textContent: `order ${order}, ${FEELS[order]}`, onclick: () => toggle(members, !all) });
      const names = members.map((item) => button({ "data-key": item.id, "aria-pressed": String(visible(item)),
        onclick: () => toggle([item], !visible(item)) }, page.swatch(item.style, mark), page.named(item.name),
      ...(item.remark ? [element("small", { textContent: item.remark })] : [])));
      return element("div", {}, ...(order >= 0 && items.length > orders.length ? [whole] : []), ...names);
    }));
    const drawn = items.filter(visible);
    const textContent = `${drawn.length} of ${items.length} curves are shown, at first the best of each order: `
      + "the names add and remove them.";
    if (drawn.length < items.length) box.append(element("p", { className: "note", textContent }));
    refocus();
    return drawn;
  };
};

// The items of a legend for rows of optimizers, with the place o of one each: rank(row) is lower for better ones,
// remark(row) stands behind the name.
page.items = (rows, rank = () => 0, remark = () => "") => rows.map((row) => {
  const { name, order, ...style } = page.data.optimizers[row.o];
  return { ...row, id: `o${row.o}`, name, order, style, rank: rank(row), remark: remark(row) };
});
