/* The page of one chart: fetches its points, draws them, and lets mouse, fingers and keys move through them.

   In:     <canvas id="chart" data-points="URL" data-subgroup="URL with {number}">, and the buttons beside it.
   Out:    the drawing, a tooltip, a spoken sentence for each point that is chosen.

   The wheel zooms once the canvas has the focus, by a click or by Tab, or with Ctrl held: over a chart that nobody has
   chosen it scrolls the page, as everywhere.

   Keys, with the canvas focused: left and right choose a point, with shift the next violation; plus and minus zoom;
   Home and End go to the ends; 0 shows everything; Escape lets go. */

import { ControlChart, shortNumber, shortTime } from "./chart.js";
import { decodePoints } from "./points.js";

const canvas = document.querySelector("#chart");
const tooltip = document.querySelector("#tooltip");
const spoken = document.querySelector("#spoken");
const HOVER_MS = 120;      // the pointer rests so long before the measurements are fetched
const NEARLY_ALL = 1e9;

let chart = null;
let isDrawing = false;
let hovering = null;
const measured = new Map();  // subgroup's number -> its measurements, once fetched

start();

async function start() {
  const response = await fetch(canvas.dataset.points, { credentials: "same-origin" });
  if (!response.ok) {
    spoken.textContent = `The points cannot be had: the server answered ${response.status}.`;
    spoken.classList.remove("hidden");
    return;
  }
  chart = new ControlChart(canvas, decodePoints(await response.json()));
  window.chart = chart;    // for whoever looks with the browser's tools
  listen();
  chooseFromAddress();
  redraw();
  canvas.dataset.ready = "yes";
}

function redraw() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(() => {
    isDrawing = false;
    chart.draw();
    if (chart.selected !== null) placeTooltip();
  });
}

/* #1041 at the end of the address: from a list of alarms to the point itself. */
function chooseFromAddress() {
  const index = chart.points.numbers.indexOf(Number(location.hash.slice(1)));
  if (index < 0) return;
  chart.show(index - 40, index + 40);
  choose(index);
}

function listen() {
  canvas.addEventListener("wheel", turnWheel, { passive: false });
  canvas.addEventListener("pointerdown", startDrag);
  canvas.addEventListener("pointermove", hover);
  canvas.addEventListener("pointerleave", () => hideTooltip());
  canvas.addEventListener("keydown", pressKey);
  canvas.addEventListener("blur", () => hideTooltip());
  new ResizeObserver(redraw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("hashchange", () => { chooseFromAddress(); redraw(); });
  for (const button of document.querySelectorAll("[data-chart-do]")) {
    button.addEventListener("click", () => { actions[button.dataset.chartDo](); redraw(); });
  }
}

const actions = {
  closer: () => chart.zoom(0.5, chart.isShown(chart.selected) ? chart.selected : undefined),
  farther: () => chart.zoom(2),
  all: () => chart.show(0, NEARLY_ALL),
  latest: () => chart.showLatest(),
  zones: () => { chart.showZones = !chart.showZones; },
  picture: savePicture,
};

// -- pointer ----------------------------------------------------------------------------------------------------

function turnWheel(event) {
  const isSideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
  if (!isSideways && !event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
  event.preventDefault();
  if (isSideways) chart.pan(event.deltaX / canvas.clientWidth * (chart.last - chart.first));
  else chart.zoom(Math.exp(event.deltaY * 0.0015), chart.indexAt(event.offsetX));
  redraw();
}

/* One finger or the mouse moves the window; two fingers zoom; on the strip the window follows. */
const pointers = new Map();

function startDrag(event) {
  canvas.focus({ preventScroll: true });
  pointers.set(event.pointerId, event);
  canvas.setPointerCapture(event.pointerId);
  const move = (next) => { drag(pointers.get(event.pointerId), next); pointers.set(event.pointerId, next); redraw(); };
  const stop = () => {
    pointers.delete(event.pointerId);
    canvas.removeEventListener("pointermove", move);
  };
  if (chart.isInStrip(event.offsetY)) centreOn(chart.indexInStrip(event.offsetX));
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", stop, { once: true });
  canvas.addEventListener("pointercancel", stop, { once: true });
  redraw();
}

function drag(before, now) {
  if (!before || now.pointerId !== before.pointerId) return;
  if (pointers.size === 2) return pinch(before, now);
  if (chart.isInStrip(before.offsetY)) return centreOn(chart.indexInStrip(now.offsetX));
  chart.pan(chart.indexAt(before.offsetX) - chart.indexAt(now.offsetX));
}

function pinch(before, now) {
  const other = [...pointers.values()].find((each) => each.pointerId !== now.pointerId);
  const was = Math.abs(before.offsetX - other.offsetX), is = Math.abs(now.offsetX - other.offsetX);
  if (was > 4 && is > 4) chart.zoom(was / is, chart.indexAt((now.offsetX + other.offsetX) / 2));
}

function centreOn(index) {
  const half = (chart.last - chart.first) / 2;
  chart.show(index - half, index + half);
}

function hover(event) {
  if (pointers.size || chart.isInStrip(event.offsetY)) return;
  const index = chart.pointAt(event.offsetX);
  if (index === null) return hideTooltip();
  if (index !== chart.selected) choose(index, false);
}

// -- keys -------------------------------------------------------------------------------------------------------

function pressKey(event) {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step) choose(event.shiftKey ? nextViolation(step) : clamp((chart.selected ?? Math.floor(chart.last)) + step));
  else if (event.key === "Home") choose(0);
  else if (event.key === "End") choose(chart.points.count - 1);
  else if (event.key === "+" || event.key === "=") chart.zoom(0.5, chart.selected ?? undefined);
  else if (event.key === "-") chart.zoom(2, chart.selected ?? undefined);
  else if (event.key === "0") actions.all();
  else if (event.key === "Escape") hideTooltip();
  else return;
  event.preventDefault();
  redraw();
}

function clamp(index) {
  return Math.max(0, Math.min(index, chart.points.count - 1));
}

function nextViolation(step) {
  const places = [...new Set(chart.points.series.flatMap((series) => [...series.violations.keys()]))]
    .sort((one, other) => (one - other) * step);
  const from = chart.selected ?? (step > 0 ? -1 : chart.points.count);
  return places.find((index) => (index - from) * step > 0) ?? from;
}

// -- the chosen point -------------------------------------------------------------------------------------------

/* Show a point's tooltip and say what it is; its measurements follow when they are there. */
function choose(index, isSpoken = true) {
  chart.selected = clamp(index);
  chart.reveal(chart.selected);
  redraw();
  showTooltip(chart.selected);
  if (isSpoken) spoken.textContent = sentence(chart.selected);
  clearTimeout(hovering);
  hovering = setTimeout(() => fetchMeasured(chart.selected), HOVER_MS);
}

async function fetchMeasured(index) {
  if (index === null) return;
  const number = chart.points.numbers[index];
  if (!measured.has(number)) {
    const response = await fetch(canvas.dataset.subgroup.replace("{number}", number), { credentials: "same-origin" });
    if (!response.ok) return;
    measured.set(number, (await response.json()).values);
  }
  if (chart.selected === index) showTooltip(index);
}

function showTooltip(index) {
  const { numbers, times, series, unit } = chart.points;
  const lines = [line("strong", `#${numbers[index]}, ${shortTime(times[index])}`)];
  for (const each of series) {
    lines.push(line("span", `${each.name} ${shortNumber(each.values[index])} ${unit}`));
    for (const rule of each.violations.get(index) ?? []) lines.push(line("em", chart.points.rules[rule] ?? rule));
  }
  const values = measured.get(numbers[index]);
  if (values) lines.push(line("small", `measured: ${values.map(shortNumber).join(", ")}`));
  tooltip.replaceChildren(...lines);
  placeTooltip();
}

function line(tag, text) {
  const element = document.createElement(tag);
  element.textContent = text;
  return element;
}

/* Beside the chosen point; nowhere while that is out of the window. */
function placeTooltip() {
  tooltip.hidden = !chart.isShown(chart.selected);
  const x = chart.x(chart.selected) * chart.unit;
  const room = canvas.clientWidth - tooltip.offsetWidth - 4;
  const left = x + 16 > room ? x - tooltip.offsetWidth - 16 : x + 16;
  tooltip.style.left = `${Math.max(4, Math.min(left, room))}px`;
}

function hideTooltip() {
  tooltip.hidden = true;
  clearTimeout(hovering);
  if (chart.selected === null) return;
  chart.selected = null;
  redraw();
}

function sentence(index) {
  const { numbers, times, series, unit } = chart.points;
  const told = series.map((each) => {
    const rules = each.violations.get(index) ?? [];
    const what = rules.length ? `, violates ${rules.map((rule) => chart.points.rules[rule] ?? rule).join(" and ")}` : "";
    return `${each.name} ${shortNumber(each.values[index])} ${unit}${what}`;
  });
  return `Subgroup ${numbers[index]}, ${shortTime(times[index])}: ${told.join("; ")}.`;
}

// -- the picture ------------------------------------------------------------------------------------------------

function savePicture() {
  chart.draw();
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = canvas.dataset.picture;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }, "image/png");
}
