// What Python wrote of optimizers and families, here and elsewhere: only that of those selected.
page.chart("failures", (section, { status }) => {
  const rows = [...document.querySelectorAll("main :is([data-optimizers], [data-families])")];

  return () => {
    const selected = { optimizers: page.optimizers().map(String), families: page.families().map(String) };
    const fits = ({ dataset }, key) => (
      !dataset[key] || dataset[key].split(" ").some((place) => selected[key].includes(place)));
    for (const row of rows) row.toggleAttribute("hidden", !fits(row, "optimizers") || !fits(row, "families"));
    for (const skip of section.querySelectorAll("details[data-families]")) {
      if (!skip.querySelector("li:not([hidden])")) skip.hidden = true;
    }
    const hidden = rows.filter((row) => row.hidden && row.matches(".trouble tr, details")).length;
    status.textContent = hidden ? `Not selected, left out: ${page.counted(hidden, "row")}.` : "";
  };
});
