// Words beside an element with data-hint while the pointer is over it or it has the focus; Escape hides them.
const box = page.element("div", { className: "hint", role: "tooltip", id: "hint", hidden: true });
document.body.append(box);

function show({ target }) {
  const node = target.closest?.("[data-hint]");
  Object.assign(box, { textContent: node?.dataset.hint ?? "", hidden: !node });
  if (!node) return;
  const place = node.getBoundingClientRect(), size = box.getBoundingClientRect(), under = place.bottom + 6;
  const top = under + size.height < innerHeight ? under : Math.max(8, place.top - size.height - 6);
  const left = Math.max(8, Math.min(place.left, innerWidth - size.width - 8));
  Object.assign(box.style, { left: `${left}px`, top: `${top}px` });
}

for (const name of ["mouseover", "focusin", "click"]) document.addEventListener(name, show);
document.addEventListener("keydown", (event) => { if (event.key === "Escape") box.hidden = true; });
addEventListener("scroll", () => { box.hidden = true; }, { passive: true });
