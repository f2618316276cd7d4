"use strict";
// All repeats of base and head on one axis, with their medians and what earlier runs put the next between.

const distribution = (base, head, band, unit) => {
  const [width, left, right, height] = [560, 60, 20, 132];
  const rows = [["base", base, 36], ["this run", head, 78]].filter(([, values]) => values.length > 0);
  const ends = band ? [band[0], band[2]] : [];
  const { place, ticks } = scaleOver([...base, ...head, ...ends], left, width - right);
  const parts = [];
  if (band) {
    const [from, to] = [place(band[0]), place(band[2])];
    const title = `earlier runs put the next between ${amount(band[0], unit)} and ${amount(band[2], unit)}`;
    parts.push(titled("rect", { class: "band", x: from.toFixed(1), y: 12, width: (to - from).toFixed(1), height: 90 }, title));
  }
  for (const tick of ticks) {
    parts.push(drawing("path", { class: "grid", d: `M${place(tick).toFixed(1)} 12V102` }));
    parts.push(label(place(tick), 118, amount(tick, unit)));
  }
  const words = [];
  rows.forEach(([name, values, y], row) => {
    parts.push(label(left - 8, y + 4, name, "tick end"));
    values.forEach((value, index) => {
      // Beside each other in height, in a fixed pattern, so that equal repeats are all seen.
      const cy = y + ((index * 7) % 5 - 2) * 4;
      parts.push(titled("circle", { class: row === 0 && rows.length > 1 ? "repeat base" : "repeat head", cx: place(value).toFixed(1), cy, r: 3.5 }, `${name}, repeat ${index + 1}: ${amount(value, unit)}`));
    });
    const middle = median(values);
    parts.push(titled("path", { class: "median", d: `M${place(middle).toFixed(1)} ${y - 16}V${y + 16}` }, `median of ${name}: ${amount(middle, unit)}`));
    words.push(`${name}: ${values.length} repeats, median ${amount(middle, unit)}, ${amount(Math.min(...values), unit)} to ${amount(Math.max(...values), unit)}`);
  });
  const svg = chart("repeats", width, height, words.join("; "), ...parts);
  const shown = framed("all repeats, with their medians", svg);
  walk(svg);
  return shown;
};
