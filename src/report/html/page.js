"use strict";
// Shows the cases of the data element as a table that sorts, filters and unfolds; copies commands; opens
// what the address points to. Text of the run only ever becomes textContent.
(() => {
  const CHUNK = 200;
  const SIGNS = { pass: "✓", skipped: "–", fail: "✗", timeout: "◷", lost: "?", error: "!" };
  const PREFIXED = ["Hz", "s", "W", "V", "A", "F", "H", "J", "Ohm", "ohm", "Ω", "S", "C", "Pa", "B", "B/s", "FLOP/s"];
  const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];

  const element = (name, properties = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key in made) made[key] = value; else made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  // ---- figures, as the other renderers show them

  const trimmed = (text) => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
  const figure = (value) => {
    if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value === 0 ? 0 : value);
    const [mantissa, exponent] = value.toExponential(4).split("e");
    const power = Number(exponent);
    return power >= -4 && power < 7 ? trimmed(value.toFixed(Math.max(0, 4 - power))) : `${trimmed(mantissa)}e${power}`;
  };
  const amount = (value, unit) => {
    if (value === null) return "";
    if (typeof value === "string") return value;
    if (!unit) return figure(value);
    const size = Math.abs(value);
    if (!PREFIXED.includes(unit) || !(size >= 1e-15 && size < 1e18)) return `${figure(value)} ${unit}`;
    const fits = ([factor]) => (unit !== "s" || factor <= 1) && (!unit.startsWith("B") || factor >= 1);
    const found = PREFIXES.filter(fits).find(([factor]) => size >= factor * 0.999995);
    return found ? `${figure(value / found[0])} ${found[1]}${unit}` : `${figure(value)} ${unit}`;
  };

  // ---- cases

  const data = JSON.parse(document.getElementById("data").textContent);
  const [NAME, VERDICT, KNOWN, TASK, PARAMS, METRICS, EXTRA] = [0, 1, 2, 3, 4, 5, 6];
  const table = document.getElementById("case-table");
  let shown = data.cases;
  let drawn = 0;
  let order = { column: -1, descending: false };
  const pressed = new Set();
  const open = new Set();

  const columns = [
    { title: "case", value: (row) => row[NAME], kind: "name" },
    { title: "verdict", value: (row) => row[VERDICT], kind: "verdict" },
    ...data.params.map(([name, unit], index) => ({
      title: name, unit, value: (row) => row[PARAMS][index], show: (value) => amount(value, ""), note: unit,
    })),
    ...data.metrics.map(([stage, name, unit], index) => ({
      title: name, note: stage, unit, value: (row) => row[METRICS][index], show: (value) => amount(value, unit),
    })),
  ];
  for (const column of columns) {
    column.numeric = column.kind === undefined && data.cases.every((row) => typeof column.value(row) !== "string");
  }

  const mark = (word, known) => {
    const sign = element("span", { className: "sign", textContent: SIGNS[word] });
    sign.setAttribute("aria-hidden", "true");
    return element("span", { className: `v ${known ? "known" : word}` }, sign, known ? `${word}, known` : word);
  };

  const cell = (column, row, index) => {
    const value = column.value(row);
    if (column.kind === "name") {
      const label = element("span", { textContent: value });
      const button = element("button", { type: "button", title: value }, label);
      button.setAttribute("aria-expanded", String(open.has(row)));
      button.addEventListener("click", () => toggle(row));
      const th = element("th", { scope: "row", className: "name" }, button);
      return th;
    }
    if (column.kind === "verdict") return element("td", {}, mark(data.verdicts[value], row[KNOWN] === 1));
    return element("td", { className: column.numeric ? "n" : "", textContent: column.show(value) });
  };

  const line = (row, index) => {
    const tr = element("tr", {}, ...columns.map((column) => cell(column, row, index)));
    tr.setAttribute("aria-rowindex", String(index + 2));
    tr.shmooRow = row;
    return tr;
  };

  const command = (text) => {
    const button = element("button", { type: "button", className: "copy", textContent: "copy" });
    button.setAttribute("aria-label", "copy the command");
    return element("div", { className: "command" }, element("code", { textContent: text }), button);
  };

  const explain = (task) => {
    const parts = [element("p", {}, mark(data.verdicts[task.verdict], Boolean(task.known)), ` ${task.key}`, task.message ? `: ${task.message}` : "")];
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
    const box = element("div", { className: "panel" });
    const seen = new Set();
    for (let number = row[TASK]; number !== undefined && number >= 0 && !seen.has(number); number = data.tasks[number].cause) {
      seen.add(number);
      box.append(...explain(data.tasks[number]));
    }
    for (const reason of row[EXTRA]?.reasons ?? []) box.append(element("p", { textContent: reason }));
    box.append(
      element("p", { className: "label", textContent: "reproduce" }), command(data.run[0] + name + data.run[1]),
      element("p", { className: "label", textContent: "rebuild its folders" }), command(data.repro[0] + name + data.repro[1]),
      element("p", {}, element("a", { href: `#case=${encodeURIComponent(row[NAME])}`, textContent: "link to this case" })),
    );
    const tr = element("tr", { className: "more" }, element("td", { colSpan: columns.length }, box));
    return tr;
  };

  const body = table?.tBodies[0];
  const lineOf = (row) => [...body.children].find((tr) => tr.shmooRow === row);

  const draw = (upTo) => {
    const end = Math.min(shown.length, upTo);
    const lines = document.createDocumentFragment();
    for (; drawn < end; drawn += 1) {
      lines.append(line(shown[drawn], drawn));
      if (open.has(shown[drawn])) lines.append(panel(shown[drawn]));
    }
    body.append(lines);
  };

  const redraw = () => {
    body.replaceChildren();
    drawn = 0;
    draw(CHUNK);
    table.setAttribute("aria-rowcount", String(shown.length + 1));
    const all = data.cases.length.toLocaleString("en");
    const left = data.left_out ? `; ${data.left_out.toLocaleString("en")} more are in the JSON report` : "";
    document.getElementById("shown").textContent =
      shown.length === data.cases.length ? `${all} cases${left}` : `${shown.length.toLocaleString("en")} of ${all} cases${left}`;
  };

  const toggle = (row) => {
    const tr = lineOf(row);
    const opening = !open.has(row);
    if (opening) {
      open.add(row);
      tr.after(panel(row));
    } else {
      open.delete(row);
      tr.nextElementSibling.remove();
    }
    tr.querySelector("button").setAttribute("aria-expanded", String(opening));
  };

  // ---- sorting

  const collator = new Intl.Collator("en", { numeric: true });
  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    if (typeof a === typeof b) return collator.compare(a, b);
    return typeof a === "number" ? -1 : 1;
  };
  const sort = () => {
    if (order.column < 0) return;
    const { value } = columns[order.column];
    const factor = order.descending ? -1 : 1;
    // What has no value comes last either way, and equals keep their order.
    const missing = (row) => value(row) === null;
    shown = [...shown].sort((a, b) => {
      const [noA, noB] = [missing(a), missing(b)];
      return noA || noB ? noA - noB : factor * compare(value(a), value(b));
    });
  };
  const sortBy = (index) => {
    const verdict = columns[index].kind === "verdict";
    // First the way that shows most (the worst verdict), then the other, then plan order again.
    if (order.column !== index) order = { column: index, descending: verdict };
    else if (order.descending === verdict) order = { column: index, descending: !verdict };
    else order = { column: -1, descending: false };
    headers();
    update();
  };
  const headers = () => {
    [...table.tHead.rows[0].cells].forEach((th, index) => {
      const own = order.column === index;
      if (own) th.setAttribute("aria-sort", order.descending ? "descending" : "ascending"); else th.removeAttribute("aria-sort");
      th.querySelector(".arrow").textContent = own ? (order.descending ? "↓" : "↑") : "";
    });
  };

  // ---- filtering

  const OPERATORS = {
    "=": (a, b) => a === b, "!=": (a, b) => a !== b,
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
  };
  const term = (word) => {
    const parts = /^([\w.-]+?)(<=|>=|!=|=|<|>)(.+)$/u.exec(word);
    const wanted = parts && columns.find(({ title, note }) => title === parts[1] || `${note}.${title}` === parts[1]);
    if (wanted) {
      const holds = OPERATORS[parts[2]];
      const number = Number(parts[3]);
      return (row) => {
        const value = wanted.kind === "verdict" ? data.verdicts[row[VERDICT]] : wanted.value(row);
        if (value === null) return false;
        return typeof value === "number" ? !Number.isNaN(number) && holds(value, number) : holds(String(value).toLowerCase(), parts[3].toLowerCase());
      };
    }
    const text = word.toLowerCase();
    return (row) => row[NAME].toLowerCase().includes(text)
      || data.verdicts[row[VERDICT]].includes(text)
      || row[PARAMS].some((value) => typeof value === "string" && value.toLowerCase().includes(text))
      || (row[EXTRA]?.reasons ?? []).some((reason) => reason.toLowerCase().includes(text))
      || (row[TASK] >= 0 && `${data.tasks[row[TASK]].key} ${data.tasks[row[TASK]].message ?? ""}`.toLowerCase().includes(text));
  };
  const update = () => {
    const terms = document.getElementById("search").value.split(/\s+/).filter(Boolean).map(term);
    shown = data.cases.filter((row) => (pressed.size === 0 || pressed.has(row[VERDICT])) && terms.every((holds) => holds(row)));
    sort();
    redraw();
  };

  // ---- the address

  const follow = () => {
    let target;
    try { target = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    if (target.startsWith("case=") && table) {
      const row = data.cases.find((candidate) => candidate[NAME] === target.slice(5));
      if (!row) return;
      if (!shown.includes(row)) {
        document.getElementById("search").value = "";
        pressed.clear();
        chips();
        update();
      }
      draw(shown.indexOf(row) + 1);
      if (!open.has(row)) toggle(row);
      const tr = lineOf(row);
      tr.scrollIntoView({ block: "center" });
      tr.querySelector("button").focus({ preventScroll: true });
      return;
    }
    const place = document.getElementById(target);
    if (place instanceof HTMLDetailsElement) place.open = true;
    place?.scrollIntoView();
  };
  const chips = () => {
    for (const chip of document.querySelectorAll(".chip")) {
      chip.setAttribute("aria-pressed", String(pressed.has(data.verdicts.indexOf(chip.dataset.verdict))));
    }
  };

  // ---- wiring

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.(".copy");
    if (!button) return;
    const code = button.previousElementSibling;
    let copied = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // A page opened from a disk may not write to the clipboard: select, for the keyboard's copy.
      getSelection().selectAllChildren(code);
      copied = false;
    }
    button.textContent = copied ? "copied" : "selected";
    setTimeout(() => { button.textContent = "copy"; }, 1500);
  });
  addEventListener("hashchange", follow);

  if (table) {
    table.tHead.append(element("tr", {}, ...columns.map((column, index) => {
      const arrow = element("span", { className: "arrow" });
      arrow.setAttribute("aria-hidden", "true");
      const button = element("button", { type: "button" }, element("span", { textContent: column.title }), arrow);
      button.addEventListener("click", () => sortBy(index));
      const th = element("th", { scope: "col", className: column.kind === "name" ? "name" : column.numeric ? "n" : "" }, button);
      if (column.note) th.append(element("small", { textContent: column.note }));
      return th;
    })));
    document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
    document.getElementById("search").addEventListener("input", update);
    for (const chip of document.querySelectorAll(".chip")) {
      chip.addEventListener("click", () => {
        const verdict = data.verdicts.indexOf(chip.dataset.verdict);
        if (!pressed.delete(verdict)) pressed.add(verdict);
        chips();
        update();
      });
    }
    new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) draw(drawn + CHUNK);
    }, { root: table.parentElement, rootMargin: "600px" }).observe(document.getElementById("end"));
    // Paper does not scroll.
    addEventListener("beforeprint", () => draw(shown.length));
    redraw();
  }
  follow();
})();
