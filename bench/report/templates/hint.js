// Words that appear beside an element while the pointer is over it or it has the focus; Escape hides them.
page.hint = (() => {
  const box = page.element("div", { className: "hint", role: "tooltip", id: "hint", hidden: true });
  document.body.append(box);
  let owner = null;

  function hide() {
    owner?.removeAttribute("aria-describedby");
    owner = null;
    box.hidden = true;
  }

  function show(node, text) {
    owner = node;
    Object.assign(box, { textContent: text, hidden: false });
    node.setAttribute("aria-describedby", "hint");
    const place = node.getBoundingClientRect(), size = box.getBoundingClientRect();
    const under = place.bottom + 6 + size.height < innerHeight;
    box.style.left = `${Math.max(8, Math.min(place.left, innerWidth - size.width - 8))}px`;
    box.style.top = `${under ? place.bottom + 6 : Math.max(8, place.top - size.height - 6)}px`;
  }

  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  addEventListener("scroll", hide, { passive: true });

  return (node, text) => {
    for (const name of ["mouseenter", "focus", "click"]) node.addEventListener(name, () => show(node, text));
    for (const name of ["mouseleave", "blur"]) node.addEventListener(name, hide);
    return node;
  };
})();
