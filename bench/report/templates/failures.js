// Failures and skips of the selected optimizers and families.
page.chart("failures", (section) => {
  const status = section.querySelector(".status");
  const rows = [...section.querySelectorAll("[data-optimizers], [data-families]")];

  return () => {
    const some = { optimizers: new Set(page.optimizers().map(String)), families: new Set(page.families().map(String)) };
    const fits = (row, key) => !row.dataset[key] || row.dataset[key].split(" ").some((place) => some[key].has(place));
    for (const row of rows) row.hidden = !fits(row, "optimizers") || !fits(row, "families");
    for (const skip of section.querySelectorAll("details[data-families]")) if (!skip.querySelector("li:not([hidden])")) skip.hidden = true;
    const left = rows.filter((row) => row.hidden && row.matches(".trouble tr, details")).length;
    status.textContent = left ? `${page.counted(left, "entry").replace("entrys", "entries")} of optimizers and families that are not selected left out.` : "";
  };
});
