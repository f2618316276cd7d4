"use strict";
// How a metric went over earlier runs: medians with their ends, what earlier runs put this one between, and
// where the level changed, with the commits around it.

const trendChart = ({ v, c = [], said = "" }, band, unit, runs) => {
  const FIELDS = 5;
  const [width, height, left, right, top, bottom] = [560, 236, 84, 16, 26, 196];
  const values = [];
  for (let at = 0; at < v.length; at += FIELDS) {
    const [run, value, low, high, n] = v.slice(at, at + FIELDS);
    values.push({ run: runs[run], value, low, high, n });
  }
  const ends = band ? [band[0], band[2]] : [];
  const { place, ticks } = scaleOver([...values.flatMap(({ low, high }) => [low, high]), ...ends], bottom, top);
  const last = Math.max(1, values.length - 1);
  const x = (at) => left + 10 + ((width - left - right - 20) * at) / last;
  const parts = [];
  if (band) {
    // The band is of the runs since the last change of level.
    const from = x(c.length > 0 ? c[c.length - 1][0] : 0) - 8;
    const title = `earlier runs put this one between ${amount(band[0], unit)} and ${amount(band[2], unit)}`;
    parts.push(titled("rect", {
      class: "band", x: from.toFixed(1), y: place(band[2]).toFixed(1),
      width: (width - right - from).toFixed(1), height: (place(band[0]) - place(band[2])).toFixed(1),
    }, title));
  }
  for (const tick of ticks) {
    parts.push(drawing("path", { class: "grid", d: `M${left} ${place(tick).toFixed(1)}H${width - right}` }));
    parts.push(label(left - 6, place(tick) + 4, amount(tick, unit), "tick end"));
  }
  parts.push(drawing("rect", { class: "border", x: left, y: top, width: width - left - right, height: bottom - top }));
  const words = [];
  c.forEach(([at, before, after, commits], index) => {
    const middle = x(at - 0.5);
    const from = index > 0 ? x(c[index - 1][0] - 0.5) : x(0);
    const to = index + 1 < c.length ? x(c[index + 1][0] - 0.5) : x(last);
    const sign = after > before ? "↑" : "↓";
    const by = before === 0 ? sign : `${sign} ${percent((after - before) / Math.abs(before))}`;
    const title = `${amount(before, unit)} became ${amount(after, unit)} with ${values[at]?.run?.[0] ?? ""}${commits ? `, ${commits}` : ""}`;
    words.push(title);
    parts.push(drawing("g", { class: "step" },
      drawing("title", {}, title),
      drawing("path", { class: "level", d: `M${from.toFixed(1)} ${place(before).toFixed(1)}H${middle.toFixed(1)}M${middle.toFixed(1)} ${place(after).toFixed(1)}H${to.toFixed(1)}` }),
      drawing("path", { class: "same", d: `M${middle.toFixed(1)} ${top}V${bottom}` }),
      label(middle, top - 8, by, "axis middle")));
  });
  const line = values.map(({ value }, at) => `${at === 0 ? "M" : "L"}${x(at).toFixed(1)} ${place(value).toFixed(1)}`).join("");
  const bars = values.map(({ low, high }, at) => `M${x(at).toFixed(1)} ${place(low).toFixed(1)}V${place(high).toFixed(1)}`).join("");
  parts.push(drawing("path", { class: "ends", d: bars }), drawing("path", { class: "line", d: line }));
  values.forEach(({ run, value, low, high, n }, at) => {
    const [name, date, commit] = run ?? ["", "", ""];
    const repeats = n > 1 ? `, ${n} repeats from ${amount(low, unit)} to ${amount(high, unit)}` : "";
    const title = `${name} of ${date}${commit ? `, commit ${commit}` : ""}: ${amount(value, unit)}${repeats}`;
    const now = at === values.length - 1;
    parts.push(titled("circle", { class: now ? "value now" : "value", cx: x(at).toFixed(1), cy: place(value).toFixed(1), r: now ? 4.5 : 3 }, title));
  });
  parts.push(label(left, bottom + 18, values[0]?.run?.[1] ?? "", "tick"));
  parts.push(label(width - right, bottom + 18, values[values.length - 1]?.run?.[1] ?? "", "tick end"));
  parts.push(label((left + width - right) / 2, bottom + 18, `${values.length} runs`, "axis middle"));
  const svg = chart("trend", width, height, `trend over ${values.length} runs. ${words.join(". ")}`, ...parts);
  const shown = framed("over earlier runs", svg);
  if (said && words.length === 0) shown.append(element("p", { className: "soft", textContent: said }));
  for (const word of words) shown.append(element("p", { className: "soft step-words", textContent: word }));
  walk(svg);
  return shown;
};
