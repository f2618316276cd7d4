"use strict";
// Small charts, drawn as SVG elements: a scale, its ticks, points with titles.

const drawing = (name, attributes = {}, ...children) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
};
const titled = (name, attributes, title) => drawing(name, attributes, drawing("title", {}, title));
const label = (x, y, text, kind = "tick middle") => drawing("text", { class: kind, x: x.toFixed(1), y: y.toFixed(1) }, text);

// A linear scale from all values to pixels, with round values to name.
const scaleOver = (values, from, to) => {
  let low = Math.min(...values);
  let high = Math.max(...values);
  const margin = high > low ? (high - low) * 0.06 : Math.abs(low) * 0.05 || 0.5;
  low -= margin;
  high += margin;
  const raw = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((wide) => wide >= raw) ?? raw;
  const ticks = [];
  for (let at = Math.ceil(low / step); at * step <= high && ticks.length < 20; at += 1) ticks.push(Number((at * step).toPrecision(12)));
  return { place: (value) => from + ((value - low) / (high - low)) * (to - from), ticks };
};
const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const chart = (kind, width, height, words, ...children) => drawing(
  "svg",
  { class: `drawing ${kind}`, width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": words },
  ...children,
);
const framed = (caption, svg) => {
  const box = element("div", { className: "scroll" }, svg);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", caption);
  return element("figure", { className: "plot" }, element("figcaption", { textContent: caption }), box);
};
