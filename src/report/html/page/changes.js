"use strict";
// The table of metrics against the base. A row opens what lies behind its verdict.

const changes = (() => {
  const table = document.getElementById("changes-table");
  if (!table) return null;
  const { rows, names } = read("changes");
  const [METRIC, POINT, BASE, HEAD, RELATIVE, VERDICT, RULE, BEHIND] = [0, 1, 2, 3, 4, 5, 6, 7];
  const metric = (row) => names.metrics[row[METRIC]][0];
  const unit = (row) => names.metrics[row[METRIC]][1];
  const point = (row) => names.points[row[POINT]];
  const verdict = (row) => names.verdicts[row[VERDICT]];
  // A base in another unit that nobody can convert has its own.
  const sides = (row) => {
    const own = row[BEHIND]?.unit;
    return own === undefined ? pair(row[BASE], row[HEAD], unit(row)) : [amount(row[BASE], own), amount(row[HEAD], unit(row))];
  };
  const change = (row) => row[RELATIVE] === null ? null : row[RELATIVE] * 100;

  // By how much, or why nobody can tell.
  const by = (row) => {
    if (verdict(row) === "incomparable") return element("span", { className: "why" }, ...prose(row[RULE]));
    if (row[BEHIND]?.by) return row[BEHIND].by;
    return row[RELATIVE] === null ? "" : percent(row[RELATIVE]);
  };

  const figures = (texts) => {
    const list = element("dl", { className: "pairs" });
    for (let index = 0; index < texts.length; index += 2) {
      list.append(element("dt", { textContent: names.figures[texts[index]] }), element("dd", { textContent: texts[index + 1] }));
    }
    return list;
  };
  const panel = (row) => {
    const behind = row[BEHIND] ?? {};
    const parts = [element("p", {}, mark(verdict(row)), ` ${metric(row)} at ${point(row)}: `, ...prose(row[RULE]))];
    if (behind.also) parts.push(element("p", {}, ...prose(behind.also)));
    if (behind.f?.length) parts.push(figures(behind.f));
    const [base, head] = [behind.base ?? [], behind.head ?? []];
    const drawn = [];
    if (base.length + head.length > 0) drawn.push(distribution(base, head, behind.band, unit(row)));
    if (behind.trend) drawn.push(trendChart(behind.trend, behind.band, unit(row), names.runs));
    if (drawn.length > 0) parts.push(element("div", { className: "plots" }, ...drawn));
    if (!behind.trend && names.untold > 0) {
      const said = `The page has no room for the trends of ${thousands(names.untold)} metrics; shmoo changes --suite tells them.`;
      parts.push(element("p", { className: "soft", textContent: said }));
    }
    const address = `#change=${encodeURIComponent(metric(row))}@${encodeURIComponent(point(row))}`;
    parts.push(element("p", {}, element("a", { href: address, textContent: "link to this metric" })));
    return parts;
  };
  const shown = sortedTable({
    prefix: "changes-",
    table,
    rows,
    noun: "metrics",
    left: names.left_out,
    columns: [
      { title: "metric", name: true, value: metric },
      { title: "point", value: point, show: (value) => value },
      { title: "verdict", value: (row) => row[VERDICT], cell: (row) => mark(verdict(row)) },
      { title: "base", right: true, value: (row) => row[BASE], show: (value, row) => sides(row)[0] },
      { title: "head", right: true, value: (row) => row[HEAD], show: (value, row) => sides(row)[1] },
      { title: "change", right: true, descending: true, value: change, cell: by },
    ],
    fields: { verdict, p: (row) => row[BEHIND]?.p, q: (row) => row[BEHIND]?.q },
    word: verdict,
    texts: (row) => [metric(row), point(row), verdict(row), row[RULE]],
    panel,
  });
  return { show: (wantedMetric, wantedPoint) => shown.show((row) => metric(row) === wantedMetric && point(row) === wantedPoint) };
})();
