// Problem by problem: the best optimizer at the hardest target that one reached in half its runs, as Python decided it.
page.chart("problems", (box, { body }) => {
  const { data, element } = page;
  function below(/** @type {ProblemCell} */ { text, remarks }) {
    const [runtime, ...rest] = text.split(" "), line = [element("b", { textContent: runtime }), ` ${rest.join(" ")}`];
    return [line, ...remarks.map((remark) => [page.mark(remark)])].map((each) => element("small", {}, ...each));
  }

  function draw() {
    if (!box.open) return;
    page.answerTable(body, "answers detail-table", "Problem", page.cells().map((c) => [page.cellHead(c),
      ...data.problems[page.price()][c].map((cell) => page.answerCell(cell, () => below(cell)))]));
  }

  box.addEventListener("toggle", draw);
  return draw;
});
