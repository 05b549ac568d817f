/* A control chart on a canvas: location above, spread below, the whole run as a strip at the foot.

   In:     decoded points (points.js), a canvas, the window of points to show.
   Out:    a drawing; which point lies under a position.
   Never:  fetches, listens, or knows the page (chart-page.js does).

   A canvas, not SVG: 10,000 points are one path and a few hundred marks, drawn in some milliseconds at each turn
   of the wheel; as SVG they would be 10,000 elements.  Where there are more points than pixels, each column of
   pixels shows the lowest and the highest of its points: nothing that stands out is lost by drawing less.

   Colours come from the style sheet, so that the drawing follows the page into the dark; whatever a colour says,
   a shape says too.  Lengths are in sixteenths of a rem, and grow with the page on a wall monitor; only positions
   that come from an event are in CSS pixels. */

const UNITS_IN_REM = 16;
const GAP = 26;            // between two panels: room for the title of the lower one
const MARGIN = { left: 64, right: 84, top: 24, bottom: 22 };
const NARROW = 560;        // from here down the limits stand within the panel: a phone has no room beside it
const STRIP_HEIGHT = 40;
const LATEST = 150;        // points that a chart begins with
const MIN_WINDOW = 8;      // points; closer there is nothing more to see
const SMALL_MARK = 3.5;    // where there are hundreds, they may not hide each other
const MANY = 2;            // points for each pixel from which on columns are drawn instead of points

export class ControlChart {
  constructor(canvas, points) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.points = points;
    this.selected = null;
    this.showZones = true;
    this.measure();
    this.showLatest();
  }

  showLatest() {
    this.show(this.points.count - (this.isNarrow ? 50 : LATEST), this.points.count - 1);
  }

  /* Show the points of the indices first..last, as far as there are such. */
  show(first, last) {
    const count = Math.max(this.points.count, MIN_WINDOW);
    const length = Math.min(Math.max(last - first, MIN_WINDOW - 1), count - 1);
    this.first = Math.min(Math.max(first, 0), count - 1 - length);
    this.last = this.first + length;
  }

  /* Zoom by a factor; the point under `index` stays where it is. */
  zoom(factor, index = (this.first + this.last) / 2) {
    const length = Math.min(Math.max((this.last - this.first) * factor, MIN_WINDOW - 1), this.points.count - 1);
    const share = (index - this.first) / (this.last - this.first);
    this.show(index - share * length, index - share * length + length);
  }

  pan(pointCount) {
    this.show(this.first + pointCount, this.last + pointCount);
  }

  /* Move the window just so far that `index` is in it. */
  reveal(index) {
    if (index < this.first) this.pan(index - this.first);
    if (index > this.last) this.pan(index - this.last);
  }

  get area() {
    const { width, height } = this.size;
    const bottom = height - STRIP_HEIGHT - MARGIN.bottom - 12;
    const inner = bottom - MARGIN.top;
    const panels = this.points.series.length === 1
      ? [{ top: MARGIN.top, bottom }]
      : [{ top: MARGIN.top, bottom: MARGIN.top + (inner - GAP) * 0.64 },
         { top: MARGIN.top + (inner - GAP) * 0.64 + GAP, bottom }];
    return { left: this.isNarrow ? 46 : MARGIN.left, right: width - (this.isNarrow ? 8 : MARGIN.right), panels,
             strip: { top: height - STRIP_HEIGHT, bottom: height - 4 } };
  }

  get isNarrow() {
    return this.size.width < NARROW;
  }

  get size() {
    return { width: this.canvas.clientWidth / this.unit, height: this.canvas.clientHeight / this.unit };
  }

  /* Find out how many CSS pixels a unit is. */
  measure() {
    this.unit = parseFloat(getComputedStyle(document.documentElement).fontSize) / UNITS_IN_REM;
  }

  isShown(index) {
    return index !== null && index >= this.first && index <= this.last;
  }

  x(index) {
    const { left, right } = this.area;
    return left + (index - this.first) / (this.last - this.first) * (right - left);
  }

  /* Which index lies under a horizontal position; not rounded. */
  indexAt(x) {
    const { left, right } = this.area;
    return this.first + (x / this.unit - left) / (right - left) * (this.last - this.first);
  }

  isInStrip(y) {
    return y / this.unit >= this.area.strip.top - 4;
  }

  indexInStrip(x) {
    const { left, right } = this.area;
    return (x / this.unit - left) / (right - left) * (this.points.count - 1);
  }

  /* The nearest point to a position, if one is near. */
  pointAt(x) {
    const index = Math.round(this.indexAt(x));
    if (index < Math.max(0, Math.ceil(this.first)) || index > Math.min(this.last, this.points.count - 1)) return null;
    return index;
  }

  // -- drawing ------------------------------------------------------------------------------------------------

  draw() {
    this.measure();
    const { width, height } = this.size;
    const ratio = (window.devicePixelRatio || 1) * this.unit;
    if (this.canvas.width !== Math.round(width * ratio) || this.canvas.height !== Math.round(height * ratio)) {
      this.canvas.width = Math.round(width * ratio);
      this.canvas.height = Math.round(height * ratio);
    }
    this.colours = coloursOf(this.canvas);
    const context = this.context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = this.colours.paper;
    context.fillRect(0, 0, width, height);
    context.font = `12px ${getComputedStyle(this.canvas).fontFamily}`;
    if (!this.points.count) return this.drawNothing();
    const area = this.area;
    this.points.series.forEach((series, number) => this.drawPanel(series, area, area.panels[number]));
    this.drawTimes(area);
    this.drawStrip(area);
  }

  drawNothing() {
    this.context.fillStyle = this.colours.quiet;
    this.context.fillText("No measurements yet", MARGIN.left, MARGIN.top + 20);
  }

  drawPanel(series, area, panel) {
    const scale = this.scaleOf(series, panel);
    this.written = [];  // places of the words that stand within the panel: none may cover another
    this.drawZones(series, area, scale);
    this.drawBaseline(area, panel);
    if (series === this.points.series[0]) this.drawSpecification(area, panel, scale);
    this.clipped(area, panel, () => this.drawLine(series.values, area, scale), 3);
    this.drawLimits(series, area, panel, scale);
    this.clipped(area, panel, () => {
      this.drawMarks(series, panel, scale);
      this.drawSelection(series, panel, scale);
    });
    this.drawAxis(series, area, panel, scale);
  }

  /* value -> vertical position, for what is in the window: points, limits, and a little air. */
  scaleOf(series, panel) {
    let low = Infinity, high = -Infinity;
    const { from, to } = this.visible;
    for (let index = from; index <= to; index++) {
      const value = series.values[index];
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value, series.lower[index]);
      high = Math.max(high, value, series.upper[index]);
    }
    if (!Number.isFinite(low)) [low, high] = [0, 1];
    const air = (high - low || Math.abs(high) || 1) * 0.08;
    [low, high] = [low - air, high + air];
    const y = (value) => panel.bottom - (value - low) / (high - low) * (panel.bottom - panel.top);
    return Object.assign(y, { low, high });
  }

  /* Draw within a panel; `beside` it there is room for half a mark, but not for a line that goes on. */
  clipped(area, panel, draw, beside = 8) {
    this.context.save();
    this.context.beginPath();
    this.context.rect(area.left - beside, panel.top - 8, area.right - area.left + 2 * beside, panel.bottom - panel.top + 16);
    this.context.clip();
    draw();
    this.context.restore();
  }

  /* The zones A, B, C of one, two and three standard deviations around the centre. */
  drawZones(series, area, scale) {
    if (!this.showZones) return;
    this.context.fillStyle = this.colours.zone;
    for (const [from, to] of this.stretches([series.centre, series.sigma])) {
      const [left, right] = this.edges(from, to, area);
      const centre = series.centre[from], sigma = series.sigma[from];
      for (const distance of [3, 2, 1]) {
        const top = scale(Math.min(centre + distance * sigma, series.upper[from]));
        const bottom = scale(Math.max(centre - distance * sigma, series.lower[from]));
        if (bottom > top) this.context.fillRect(left, top, right - left, bottom - top);
      }
    }
  }

  /* The visible stretches, first and last index, in which all these levels stay the same. */
  stretches(levels) {
    const found = [], { from, to } = this.visible;
    let begin = from;
    for (let index = from + 1; index <= to + 1; index++) {
      if (index <= to && levels.every((level) => level[index] === level[begin])) continue;
      found.push([begin, index - 1]);
      begin = index;
    }
    return found;
  }

  /* A stretch reaches half a point beyond its ends, and the first and the last one to the edges. */
  edges(from, to, area) {
    const { from: first, to: last } = this.visible;
    return [from === first ? area.left : this.x(from - 0.5), to === last ? area.right : this.x(to + 0.5)];
  }

  get visible() {
    return { from: Math.max(0, Math.floor(this.first)), to: Math.min(this.points.count - 1, Math.ceil(this.last)) };
  }

  /* The subgroups that the limits were computed from. */
  drawBaseline(area, panel) {
    if (!this.points.baseline) return;
    const [first, last] = this.points.baseline;
    const left = Math.max(this.x(first), area.left), right = Math.min(this.x(last), area.right);
    if (right <= left) return;
    this.context.fillStyle = this.colours.baseline;
    this.context.fillRect(left, panel.top - 6, right - left, 3);
  }

  drawLimits(series, area, panel, scale) {
    for (const [level, name, colour, dash] of [
      [series.centre, "CL", this.colours.centre, []],
      [series.upper, "UCL", this.colours.limit, [6, 4]],
      [series.lower, "LCL", this.colours.limit, [6, 4]],
    ]) {
      this.drawLevel(level, colour, dash, area, scale);
      const last = level[this.visible.to];
      this.nameLevel(`${name} ${shortNumber(last)}`, scale(last), area, panel);
    }
  }

  /* One limit: a line, or steps where it differs from point to point. */
  drawLevel(level, colour, dash, area, scale) {
    const context = this.context;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.25;
    context.setLineDash(dash);
    context.beginPath();
    for (const [from, to] of this.stretches([level])) {
      const [left, right] = this.edges(from, to, area);
      context.lineTo(left, scale(level[from]));
      context.lineTo(right, scale(level[from]));
    }
    context.stroke();
    context.setLineDash([]);
  }

  /* The name and figure of a limit: beside the panel, or above its line where there is no room, or below at the top. */
  nameLevel(text, y, area, panel) {
    const context = this.context;
    context.textAlign = "left";
    if (!this.isNarrow) return context.fillText(text, area.right + 6, y + 4);
    this.writeWithin(text, area.right - 4 - context.measureText(text).width, y - 16 < panel.top ? [y + 14] : [y - 4, y + 14]);
  }

  /* Write text on the drawing, at the first of these heights where it covers no other; at none if there is no such.
     A rim of paper keeps it readable. */
  writeWithin(text, left, heights) {
    const right = left + this.context.measureText(text).width;
    const isFree = (y) => !this.written.some((each) =>
      left < each.right + 3 && right > each.left - 3 && Math.abs(y - each.y) < 13);
    const y = heights.find(isFree);
    if (y === undefined) return;
    this.written.push({ left, right, y });
    this.context.strokeStyle = this.colours.paper;
    this.context.lineWidth = 3;
    this.context.strokeText(text, left, y);
    this.context.fillText(text, left, y);
  }

  drawSpecification(area, panel, scale) {
    const context = this.context;
    for (const [name, value] of this.points.specification) {
      if (value === null || value < scale.low || value > scale.high) continue;
      context.strokeStyle = context.fillStyle = this.colours.specification;
      context.setLineDash([2, 3]);
      context.beginPath();
      context.moveTo(area.left, scale(value));
      context.lineTo(area.right, scale(value));
      context.stroke();
      context.setLineDash([]);
      context.textAlign = "left";
      context.fillText(name, area.left + 4, scale(value) - 4);
    }
  }

  drawLine(values, area, scale) {
    const isDense = (this.last - this.first) / (area.right - area.left) > MANY;
    this.context.strokeStyle = this.context.fillStyle = this.colours.line;
    this.context.lineWidth = isDense ? 1 : 1.5;
    if (isDense) return this.drawColumns(values, this.first, this.last, area, scale);
    this.drawPoints(values, area, scale);
  }

  drawPoints(values, area, scale) {
    const context = this.context;
    const { from, to } = this.visible;
    context.beginPath();
    for (let index = from; index <= to; index++) {
      if (Number.isFinite(values[index])) context.lineTo(this.x(index), scale(values[index]));
    }
    context.stroke();
    const room = (area.right - area.left) / (this.last - this.first);
    if (room < 4) return;
    const radius = Math.min(3.5, room / 3);
    for (let index = from; index <= to; index++) {
      if (!Number.isFinite(values[index])) continue;
      context.beginPath();
      context.arc(this.x(index), scale(values[index]), radius, 0, 2 * Math.PI);
      context.fill();
    }
  }

  /* For each column of pixels one stroke from the lowest to the highest of its points. */
  drawColumns(values, first, last, area, scale) {
    const context = this.context, width = Math.floor(area.right - area.left);
    const perColumn = (last - first + 1) / width;
    context.beginPath();
    for (let column = 0; column < width; column++) {
      const from = Math.max(0, Math.floor(first + column * perColumn));
      const to = Math.min(this.points.count - 1, Math.ceil(first + (column + 1) * perColumn));
      let low = Infinity, high = -Infinity;
      for (let index = from; index <= to; index++) {
        if (values[index] < low) low = values[index];
        if (values[index] > high) high = values[index];
      }
      if (low > high) continue;
      context.moveTo(area.left + column, scale(high) - 0.5);
      context.lineTo(area.left + column, scale(low) + 0.5);
    }
    context.stroke();
  }

  /* Violations: a diamond beyond a limit, a triangle where a run of points broke a rule. */
  drawMarks(series, panel, scale) {
    const size = this.last - this.first > 600 ? SMALL_MARK : 7;
    const visible = [...series.violations].filter(([index]) => index >= this.first - 1 && index <= this.last + 1);
    for (const [index] of visible) {
      mark(this.context, this.x(index), scale(series.values[index]), size, isBeyond(series, index), this.colours);
    }
    if (this.last - this.first >= 60) return;
    for (const [index, names] of visible) this.drawRuleNames(index, names, scale(series.values[index]), panel);
  }

  drawRuleNames(index, names, y, panel) {
    const text = names.join(" ");
    this.context.fillStyle = this.colours.ink;
    this.context.textAlign = "left";
    const heights = [y - 11, y + 20].filter((each) => each < panel.bottom - 4);
    this.writeWithin(text, this.x(index) - this.context.measureText(text).width / 2, heights);
  }

  drawSelection(series, panel, scale) {
    if (this.selected === null) return;
    const context = this.context, x = this.x(this.selected);
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, panel.top - 8);
    context.lineTo(x, panel.bottom + 8);
    context.stroke();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, scale(series.values[this.selected]), 7, 0, 2 * Math.PI);
    context.stroke();
  }

  drawAxis(series, area, panel, scale) {
    const context = this.context;
    context.fillStyle = this.colours.ink;
    context.textAlign = "left";
    context.fillText(series.name + (this.points.unit ? ` (${this.points.unit})` : ""), area.left, panel.top - 10);
    context.fillStyle = this.colours.quiet;
    context.strokeStyle = this.colours.grid;
    context.lineWidth = 1;
    context.textAlign = "right";
    for (const value of ticks(scale.low, scale.high, Math.max(2, (panel.bottom - panel.top) / 44))) {
      context.fillText(shortNumber(value), area.left - 8, scale(value) + 4);
      context.beginPath();
      context.moveTo(area.left - 4, scale(value));
      context.lineTo(area.left, scale(value));
      context.stroke();
    }
    context.strokeRect(area.left + 0.5, panel.top + 0.5, area.right - area.left - 1, panel.bottom - panel.top - 1);
  }

  drawTimes(area) {
    const context = this.context, bottom = area.panels.at(-1).bottom;
    context.fillStyle = this.colours.quiet;
    context.textAlign = "center";
    const room = Math.max(2, Math.floor((area.right - area.left) / 130));
    let end = -Infinity;  // of the label before: at the edges one is moved inwards, and may not cover its neighbour
    for (const index of ticks(this.first, this.last, room)) {
      const whole = Math.round(index);
      if (whole < 0 || whole >= this.points.count || Math.abs(whole - index) > 1e-6) continue;
      const text = `#${this.points.numbers[whole]}  ${shortTime(this.points.times[whole])}`;
      const half = context.measureText(text).width / 2;
      const x = Math.min(Math.max(this.x(whole), half), this.size.width - half);
      if (x - half < end + 12) continue;
      context.fillText(text, x, bottom + 16);
      end = x + half;
    }
  }

  /* The whole run, with the window in it. */
  drawStrip(area) {
    const context = this.context, { strip } = area, values = this.points.series[0].values;
    let low = Infinity, high = -Infinity;
    for (const value of values) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    const y = (value) => strip.bottom - (value - low) / (high - low || 1) * (strip.bottom - strip.top);
    const x = (index) => area.left + index / Math.max(1, this.points.count - 1) * (area.right - area.left);
    context.strokeStyle = this.colours.quiet;
    context.lineWidth = 1;
    this.drawColumns(values, 0, this.points.count - 1, area, y);
    context.fillStyle = this.colours.alarm;
    for (const [index] of this.points.series[0].violations) {
      if (isBeyond(this.points.series[0], index)) context.fillRect(x(index) - 0.5, strip.top, 1, 6);
    }
    const left = x(Math.max(0, this.first)), right = x(Math.min(this.last, this.points.count - 1));
    context.fillStyle = this.colours.window;
    context.fillRect(left, strip.top, Math.max(3, right - left), strip.bottom - strip.top);
    context.strokeStyle = this.colours.accent;
    context.strokeRect(left, strip.top, Math.max(3, right - left), strip.bottom - strip.top);
  }
}

function isBeyond(series, index) {
  return series.values[index] > series.upper[index] || series.values[index] < series.lower[index];
}

/* A diamond or a triangle, `size` from its middle to its tip. */
function mark(context, x, y, size, isDiamond, colours) {
  context.fillStyle = isDiamond ? colours.alarm : colours.warning;
  context.strokeStyle = colours.paper;
  context.lineWidth = 1.5;
  context.beginPath();
  const corners = isDiamond ? [[0, -1], [1, 0], [0, 1], [-1, 0]] : [[0, -1], [0.93, 0.7], [-0.93, 0.7]];
  for (const [right, down] of corners) context.lineTo(x + right * size, y + down * size);
  context.closePath();
  if (size > SMALL_MARK) context.stroke();
  context.fill();
}

/* Names of colours -> the values that the style sheet gives them now. */
function coloursOf(element) {
  const style = getComputedStyle(element);
  const names = ["paper", "ink", "quiet", "grid", "line", "centre", "limit", "zone", "baseline", "specification",
                 "alarm", "warning", "accent", "window"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

/* Round values between two others, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high; value += step) values.push(value);
  return values;
}

export function shortNumber(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0 || Math.abs(value) < 1e-12) return "0";
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4 ? value.toExponential(2) : String(Number(value.toPrecision(5)));
}

export function shortTime(seconds) {
  return new Date(seconds * 1000).toISOString().slice(5, 16).replace("T", " ");
}
