"use strict";
// The table of cases. A row opens who is to blame, and the commands that run it again.

const cases = (() => {
  const table = document.getElementById("case-table");
  if (!table) return null;
  const data = read("data");
  const [NAME, VERDICT, KNOWN, TASK, PARAMS, METRICS, EXTRA] = [0, 1, 2, 3, 4, 5, 6];
  const verdict = (row) => data.verdicts[row[VERDICT]];
  const markOf = (word, known) => known ? mark(word, `${word}, known`, "known") : mark(word);

  const command = (text) => {
    const button = element("button", { type: "button", className: "copy", textContent: "copy" });
    button.setAttribute("aria-label", "copy the command");
    return element("div", { className: "command" }, element("code", { textContent: text }), button);
  };
  const explain = (task) => {
    const parts = [element("p", {}, markOf(data.verdicts[task.verdict], Boolean(task.known)), ` ${task.key}`, task.message ? `: ${task.message}` : "")];
    for (const [place, text] of task.quotes ?? []) {
      parts.push(element("figure", { className: "quote" }, element("figcaption", { textContent: place }), element("pre", { textContent: text })));
    }
    if (task.known) parts.push(element("p", { className: "soft", textContent: `known: ${task.known}` }));
    if (task.folder) parts.push(element("p", { className: "soft" }, "files: ", element("code", { textContent: task.folder })));
    if (task.log !== undefined) parts.push(element("p", {}, element("a", { href: `#log-${task.log}`, textContent: "its log" })));
    return parts;
  };
  const panel = (row) => {
    const name = row[EXTRA]?.quoted ?? row[NAME];
    const parts = [];
    const seen = new Set();
    for (let number = row[TASK]; number !== undefined && number >= 0 && !seen.has(number); number = data.tasks[number].cause) {
      seen.add(number);
      parts.push(...explain(data.tasks[number]));
    }
    for (const reason of row[EXTRA]?.reasons ?? []) parts.push(element("p", { textContent: reason }));
    if (data.run) parts.push(
      element("p", { className: "label", textContent: "reproduce" }), command(data.run[0] + name + data.run[1]),
      element("p", { className: "label", textContent: "rebuild its folders" }), command(data.repro[0] + name + data.repro[1]),
    );
    parts.push(element("p", {}, element("a", { href: `#case=${encodeURIComponent(row[NAME])}`, textContent: "link to this case" })));
    return parts;
  };
  const texts = (row) => {
    const blame = row[TASK] >= 0 ? data.tasks[row[TASK]] : null;
    const values = row[PARAMS].filter((value) => typeof value === "string");
    return [row[NAME], verdict(row), ...values, ...(row[EXTRA]?.reasons ?? []), ...(blame ? [`${blame.key} ${blame.message ?? ""}`] : [])];
  };
  const shown = sortedTable({
    prefix: "",
    table,
    rows: data.cases,
    noun: "cases",
    left: data.left_out,
    columns: [
      { title: "case", name: true, value: (row) => row[NAME] },
      { title: "verdict", descending: true, value: (row) => row[VERDICT], cell: (row) => markOf(verdict(row), row[KNOWN] === 1) },
      ...data.params.map(([name, unit], index) => ({
        title: name, note: unit, value: (row) => row[PARAMS][index], show: (value) => amount(value, ""),
      })),
      ...data.metrics.map(([stage, name, unit], index) => ({
        title: name, note: stage, value: (row) => row[METRICS][index], show: (value) => amount(value, unit),
      })),
    ],
    fields: { verdict },
    word: verdict,
    texts,
    panel,
  });
  return { show: (name) => shown.show((row) => row[NAME] === name) };
})();
