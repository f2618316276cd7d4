"use strict";
// Goes through the parts of a drawing by pointer or arrow keys, and tells each in a line below it.

const PARTS = { timeline: "bar", scatter: "point", "fit-scatter": "point", "fit-residuals": "point", trend: "value", repeats: "repeat" };

const walk = (svg) => {
  const kind = Object.keys(PARTS).find((name) => svg.classList.contains(name));
  const parts = svg.getElementsByClassName(PARTS[kind]);
  if (parts.length === 0) return;
  const told = element("p", { className: "soft told" });
  told.setAttribute("role", "status");
  svg.closest(".scroll").after(told);
  // What matters most was drawn last, so that nothing covers it, and so was this run in a trend: begin there.
  let current = PARTS[kind] === "point" || kind === "trend" ? parts.length : -1;
  svg.setAttribute("tabindex", "0");
  svg.setAttribute("role", "application");
  svg.setAttribute("aria-roledescription", "drawing; the arrow keys go through its parts");

  const tell = (part) => { told.textContent = part.querySelector("title").textContent; };
  const go = (to) => {
    parts[current]?.classList.remove("current");
    current = Math.max(0, Math.min(parts.length - 1, to));
    const part = parts[current];
    part.classList.add("current");
    part.scrollIntoView({ block: "nearest", inline: "nearest" });
    tell(part);
  };
  const open = (part) => {
    const point = part?.dataset.point;
    if (point !== undefined) changes.show(svg.closest("figure").dataset.metric, point);
  };
  svg.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: current + 1, ArrowLeft: current - 1, ArrowDown: current + 1, ArrowUp: current - 1, Home: 0, End: parts.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      go(steps[event.key]);
    } else if (event.key === "Enter") {
      // The key must not press what gets the focus.
      event.preventDefault();
      open(parts[current]);
    }
  });
  const under = (event) => event.target.closest?.(`.${PARTS[kind]}`);
  svg.addEventListener("pointerover", (event) => { if (under(event)) tell(under(event)); });
  svg.addEventListener("click", (event) => open(under(event)));
};
for (const svg of document.querySelectorAll("main svg.scatter, main svg.fit-scatter, main svg.fit-residuals, main svg.timeline")) walk(svg);
