"use strict";
// A table of many rows that sorts, filters and unfolds. It draws as many rows as somebody scrolls to.
//
// `parts`: `prefix` of the ids of its form; `table`; `rows`; `noun`; `left` rows that are not here;
// `columns`: `title`, `value(row)`, and if wanted `name`, `show(value, row)`, `cell(row)`, `note`, `descending` (the
// way it sorts first); `fields`: names that only the filter knows, with their values; `word(row)` that the
// chips choose by; `texts(row)` that words of the filter are searched in; `panel(row)`, what a row opens.

const OPERATORS = {
  "=": (a, b) => a === b, "!=": (a, b) => a !== b,
  "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};
const collator = new Intl.Collator("en", { numeric: true });
const compareValues = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === typeof b) return collator.compare(a, b);
  return typeof a === "number" ? -1 : 1;
};

const sortedTable = ({ prefix, table, rows, noun, left, columns, fields = {}, word, texts, panel }) => {
  const CHUNK = 200;
  const part = (name) => document.getElementById(prefix + name);
  const form = part("filter");
  const search = part("search");
  const chips = [...form.querySelectorAll(".chip")];
  const body = table.tBodies[0];
  const pressed = new Set();
  const open = new Set();
  let shown = rows;
  let drawn = 0;
  let order = { column: -1, descending: false };

  for (const column of columns) {
    column.numeric = !column.name && !column.cell && rows.every((row) => typeof column.value(row) !== "string");
  }

  // ---- rows

  const cellOf = (column, row) => {
    if (column.name) {
      const text = column.value(row);
      const button = element("button", { type: "button", title: text }, element("span", { textContent: text }));
      button.setAttribute("aria-expanded", String(open.has(row)));
      button.addEventListener("click", () => toggle(row));
      return element("th", { scope: "row", className: "name" }, button);
    }
    if (column.cell) return element("td", { className: column.right ? "n" : "" }, column.cell(row));
    return element("td", { className: column.numeric || column.right ? "n" : "", textContent: column.show(column.value(row), row) });
  };
  const line = (row, index) => {
    const tr = element("tr", {}, ...columns.map((column) => cellOf(column, row)));
    tr.setAttribute("aria-rowindex", String(index + 2));
    tr.shmooRow = row;
    return tr;
  };
  const unfolded = (row) => {
    const box = element("div", { className: "panel" }, ...panel(row));
    return element("tr", { className: "more" }, element("td", { colSpan: columns.length }, box));
  };
  const lineOf = (row) => [...body.children].find((tr) => tr.shmooRow === row);
  const draw = (upTo) => {
    const end = Math.min(shown.length, upTo);
    const lines = document.createDocumentFragment();
    for (; drawn < end; drawn += 1) {
      lines.append(line(shown[drawn], drawn));
      if (open.has(shown[drawn])) lines.append(unfolded(shown[drawn]));
    }
    body.append(lines);
  };
  const redraw = () => {
    body.replaceChildren();
    drawn = 0;
    draw(CHUNK);
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    const all = `${thousands(rows.length)} ${noun}`;
    const rest = left ? `; ${thousands(left)} more are in the JSON report` : "";
    part("shown").textContent = (shown.length === rows.length ? all : `${thousands(shown.length)} of ${all}`) + rest;
  };
  const toggle = (row) => {
    const tr = lineOf(row);
    const opening = !open.has(row);
    if (opening) {
      open.add(row);
      tr.after(unfolded(row));
    } else {
      open.delete(row);
      tr.nextElementSibling.remove();
    }
    tr.querySelector("button").setAttribute("aria-expanded", String(opening));
  };

  // ---- sorting

  const sort = () => {
    if (order.column < 0) return;
    const { value } = columns[order.column];
    const factor = order.descending ? -1 : 1;
    // What has no value comes last either way, and equals keep their order.
    const missing = (row) => value(row) === null;
    shown = [...shown].sort((a, b) => {
      const [noA, noB] = [missing(a), missing(b)];
      return noA || noB ? noA - noB : factor * compareValues(value(a), value(b));
    });
  };
  const sortBy = (index) => {
    const first = Boolean(columns[index].descending);
    // First the way that shows most, then the other, then the order of the report again.
    if (order.column !== index) order = { column: index, descending: first };
    else if (order.descending === first) order = { column: index, descending: !first };
    else order = { column: -1, descending: false };
    [...table.tHead.rows[0].cells].forEach((th, place) => {
      const own = order.column === place;
      if (own) th.setAttribute("aria-sort", order.descending ? "descending" : "ascending"); else th.removeAttribute("aria-sort");
      th.querySelector(".arrow").textContent = own ? (order.descending ? "↓" : "↑") : "";
    });
    update();
  };

  // ---- filtering

  const valueOf = (name) => {
    if (Object.hasOwn(fields, name)) return fields[name];
    return columns.find(({ title, note }) => title === name || `${note}.${title}` === name)?.value;
  };
  const term = (text) => {
    const parts = /^([\w.-]+?)(<=|>=|!=|=|<|>)(.+)$/u.exec(text);
    const value = parts && valueOf(parts[1]);
    if (value) {
      const holds = OPERATORS[parts[2]];
      const number = Number(parts[3]);
      return (row) => {
        const own = value(row);
        if (own === null || own === undefined) return false;
        return typeof own === "number" ? !Number.isNaN(number) && holds(own, number) : holds(String(own).toLowerCase(), parts[3].toLowerCase());
      };
    }
    const wanted = text.toLowerCase();
    return (row) => texts(row).some((own) => own.toLowerCase().includes(wanted));
  };
  const update = () => {
    const terms = search.value.split(/\s+/).filter(Boolean).map(term);
    shown = rows.filter((row) => (pressed.size === 0 || pressed.has(word(row))) && terms.every((holds) => holds(row)));
    sort();
    redraw();
  };
  const press = () => {
    for (const chip of chips) chip.setAttribute("aria-pressed", String(pressed.has(chip.dataset.verdict)));
  };

  // ---- wiring

  table.tHead.append(element("tr", {}, ...columns.map((column, index) => {
    const arrow = element("span", { className: "arrow" });
    arrow.setAttribute("aria-hidden", "true");
    const button = element("button", { type: "button" }, element("span", { textContent: column.title }), arrow);
    button.addEventListener("click", () => sortBy(index));
    const th = element("th", { scope: "col", className: column.name ? "name" : column.numeric || column.right ? "n" : "" }, button);
    if (column.note) th.append(element("small", { textContent: column.note }));
    return th;
  })));
  form.addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", update);
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      if (!pressed.delete(chip.dataset.verdict)) pressed.add(chip.dataset.verdict);
      press();
      update();
    });
  }
  new IntersectionObserver((entries) => {
    if (entries.some((entry) => entry.isIntersecting)) draw(drawn + CHUNK);
  }, { root: table.parentElement, rootMargin: "600px" }).observe(table.nextElementSibling);
  // Paper does not scroll.
  addEventListener("beforeprint", () => draw(shown.length));
  redraw();

  // Opens the first row that `wanted` holds for, whatever the filter hides, and takes the focus there.
  const show = (wanted) => {
    const row = rows.find(wanted);
    if (!row) return;
    if (!shown.includes(row)) {
      search.value = "";
      pressed.clear();
      press();
      update();
    }
    draw(shown.indexOf(row) + 1);
    if (!open.has(row)) toggle(row);
    const tr = lineOf(row);
    tr.scrollIntoView({ block: "center" });
    tr.querySelector("button").focus({ preventScroll: true });
  };
  return { show };
};
