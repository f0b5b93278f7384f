// Two lines of milliseconds over length, both axes even, so that a square looks like a square and a line like a line.
const names = { near: "window", full: "everything" };
const height = 300;

function svg(tag, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** As wide as its place, so that its text is as large as the page's. */
export function chart(points, width) {
  const frame = { left: 64, right: width - 100, top: 16, bottom: height - 38 };
  const longest = points.at(-1).length;
  const slowest = Math.max(...points.flatMap(({ near, full }) => [near, full]));
  const x = (length) => frame.left + ((frame.right - frame.left) * length) / longest;
  const y = (ms) => frame.bottom - ((frame.bottom - frame.top) * ms) / slowest;

  const drawn = svg("svg", {
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": "Time of a call by length",
  });
  drawn.append(
    svg("line", { class: "axis", x1: frame.left, x2: frame.right, y1: frame.bottom, y2: frame.bottom }),
    svg("line", { class: "axis", x1: frame.left, x2: frame.left, y1: frame.top, y2: frame.bottom }),
    svg("text", { x: frame.left - 8, y: frame.top + 5, "text-anchor": "end" }, `${slowest.toFixed(0)} ms`),
    svg("text", { x: frame.left - 8, y: frame.bottom, "text-anchor": "end" }, "0"),
  );
  // Short lengths crowd the left end; those that have room get a number.
  for (const { length } of points.filter(({ length }) => x(length) - x(length / 2) > 40))
    drawn.append(svg("text", { x: x(length), y: frame.bottom + 22, "text-anchor": "middle" }, `${length}`));
  drawn.append(svg("text", { x: frame.right + 26, y: frame.bottom + 22 }, "tokens"));
  for (const [name, label] of Object.entries(names)) {
    const group = svg("g", { class: name });
    group.append(svg("polyline", { points: points.map((point) => `${x(point.length)},${y(point[name])}`).join(" ") }));
    for (const point of points) group.append(svg("circle", { cx: x(point.length), cy: y(point[name]), r: 4 }));
    const last = points.at(-1)[name];
    // Labels of lines that end together stand apart.
    const apart =
      name === "near" ? Math.min(y(last), frame.bottom) + 4 : Math.min(y(last) + 4, y(points.at(-1).near) - 14);
    group.append(svg("text", { x: frame.right + 12, y: apart }, label));
    drawn.append(group);
  }
  return drawn;
}
