"use strict";
// What the parts of the page share: elements, figures as the other renderers show them, marks of
// verdicts. Text of the run only ever becomes textContent or the value of an attribute that is no code.

const element = (name, properties = {}, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value; else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
};

const read = (id) => {
  const holder = document.getElementById(id);
  return holder && JSON.parse(holder.textContent);
};

// A sentence with what stands between backticks as code; a backtick alone stays.
const prose = (sentence) => {
  const parts = sentence.split("`");
  const alone = parts.length % 2 === 0 ? [`\`${parts.pop()}`] : [];
  return [...parts.map((part, place) => (place % 2 === 0 ? part : element("code", { textContent: part }))), ...alone];
};

// ---- figures

const PREFIXED = ["Hz", "s", "W", "V", "A", "F", "H", "J", "Ohm", "ohm", "Ω", "S", "C", "Pa", "B", "B/s", "FLOP/s"];
const PREFIXES = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"], [1e-9, "n"], [1e-12, "p"]];
const DIGITS = 5;

const trimmed = (text) => text.includes(".") ? text.replace(/\.?0+$/, "") : text;
const figure = (value, digits = DIGITS) => {
  if (Number.isInteger(value) && Math.abs(value) < 1e9) return String(value === 0 ? 0 : value);
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const power = Number(exponent);
  return power >= -4 && power < 7 ? trimmed(value.toFixed(Math.max(0, digits - 1 - power))) : `${trimmed(mantissa)}e${power}`;
};
const amount = (value, unit, digits = DIGITS) => {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (!unit) return figure(value, digits);
  const size = Math.abs(value);
  if (!PREFIXED.includes(unit) || !(size >= 1e-15 && size < 1e18)) return `${figure(value, digits)} ${unit}`;
  const fits = ([factor]) => (unit !== "s" || factor <= 1) && (!unit.startsWith("B") || factor >= 1);
  const found = PREFIXES.filter(fits).find(([factor]) => size >= factor * 0.999995);
  return found ? `${figure(value / found[0], digits)} ${found[1]}${unit}` : `${figure(value, digits)} ${unit}`;
};
// Two values with as many digits as it takes to tell them apart.
const pair = (base, head, unit) => {
  if (typeof base === "number" && typeof head === "number" && base !== head) {
    for (let digits = DIGITS; digits <= 17; digits += 1) {
      const shown = [amount(base, unit, digits), amount(head, unit, digits)];
      if (shown[0] !== shown[1]) return shown;
    }
  }
  return [amount(base, unit), amount(head, unit)];
};
const percent = (relative) => {
  const value = relative * 100;
  if (value === 0) return "0%";
  return `${value > 0 ? "+" : ""}${figure(value, Math.abs(value) >= 100 ? 3 : 2)}%`;
};
const thousands = (number) => number.toLocaleString("en");

// ---- marks

const SIGNS = {
  pass: "✓", skipped: "–", fail: "✗", timeout: "◷", lost: "?", error: "!",
  regressed: "✗", improved: "✓", uncertain: "?", unchanged: "=", new: "+", removed: "−", incomparable: "≠",
};
const mark = (word, text = word, kind = word) => {
  const sign = element("span", { className: "sign", textContent: SIGNS[word] });
  sign.setAttribute("aria-hidden", "true");
  return element("span", { className: `v ${kind}` }, sign, text);
};
