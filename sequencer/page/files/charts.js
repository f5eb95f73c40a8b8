// Charts, drawn by plotly out of an installed wheel; the figures are in tables below them too.

import { byId, fill, make, say, table } from "/page/dom.js";
import { clock, scaled, span } from "/page/format.js";
import { shown, venue } from "/page/venue.js";

const CONFIG = { displayModeBar: false, responsive: true, scrollZoom: false, showTips: false };
const ROOM = 12;
let figures = null;
let drawn = "";

/** Draw what changed; all of it if `anyway`. */
export function drawCharts(anyway = false) {
  const batches = shown();
  figures ??= prepare();
  const now = JSON.stringify([batches, [...venue.prices]]);
  if (now === drawn && anyway !== true) return;
  drawn = now;
  venue.markets.forEach((market) => drawPrice(market, batches));
  drawTimes(batches);
}

function prepare() {
  const found = new Map();
  for (const market of venue.markets) {
    found.set(market.market, figure(market.symbol, "oracle price of each batch"));
  }
  found.set("times", figure("Time to proof", "from a window's end"));
  fill(byId("charts"), ...[...found.values()].map((each) => each.whole));
  return found;
}

function figure(name, what) {
  const now = make("span", { class: "now" });
  const plot = make("div", { class: "plot", role: "img", "aria-label": `${name}: ${what}` });
  const rows = make("div", { class: "figures" });
  const whole = make("figure", {},
    make("figcaption", {}, make("span", {}, make("span", { class: "what" }, name),
      make("span", { class: "note" }, ` ${what}`)), now),
    plot, make("details", {}, make("summary", {}, "Figures"), rows));
  return { whole, now, plot, rows };
}

function drawPrice(market, batches) {
  const { now, plot, rows } = figures.get(market.market);
  const tick = (batch) => venue.prices.get(batch.number)?.[market.market];
  const text = (batch) => scaled(tick(batch), market.price_decimals);
  const known = batches.filter((batch) => tick(batch) !== undefined);
  if (known.length) say(now, text(known.at(-1)));
  fill(rows, table(`${market.symbol} by batch`, ["batch", "time", "price"],
    known.map((batch) => [batch.number, clock(batch.time), text(batch)]).reverse()));
  const colour = theme();
  const scale = 10 ** market.price_decimals;
  react(plot, [{
    x: batches.map((batch) => new Date(batch.time).toISOString()),
    y: batches.map((batch) => (known.includes(batch) ? Number(tick(batch)) / scale : null)),
    text: batches.map((batch) =>
      (known.includes(batch) ? `batch ${batch.number}, ${batch.life}: ${text(batch)}` : "")),
    hoverinfo: "text",
    mode: "lines+markers",
    line: { shape: "hv", width: 1.5, color: colour("--series") },
    marker: {
      size: 6,
      color: batches.map((batch) => colour(batch.life === "proved" ? "--accent" : "--surface")),
      line: { width: 1.5, color: batches.map((batch) =>
        colour(batch.life === "proved" ? "--accent" : "--series")) },
    },
  }], { xaxis: { type: "date" }, yaxis: { tickformat: `,.${market.price_decimals}f` } }, colour);
}

function drawTimes(batches) {
  const { now, plot, rows } = figures.get("times");
  const known = batches.filter((batch) => batch.held_at && batch.proved_at);
  const held = known.map((batch) => (batch.held_at - batch.time) / 1000);
  const proved = known.map((batch) => (batch.proved_at - batch.held_at) / 1000);
  const whole = known.map((batch) => batch.proved_at - batch.time);
  if (known.length) say(now, `median ${span(median(whole))}`);
  fill(rows, table("Time to proof by batch", ["batch", "to L1's header", "to L1's proof"],
    known.map((batch) => [batch.number, span(batch.held_at - batch.time),
      span(batch.proved_at - batch.held_at)]).reverse()));
  const colour = theme();
  const bars = (name, values, fillColour) => ({
    type: "bar", name, x: known.map((batch) => batch.number), y: values,
    text: values.map((value, place) =>
      `batch ${known[place].number}: ${name} after ${span(1000 * value)}`),
    hoverinfo: "text", textposition: "none", marker: { color: colour(fillColour) },
  });
  react(plot, [bars("held", held, "--held"), bars("proved", proved, "--accent")],
    { barmode: "stack", bargap: 0.25, yaxis: { ticksuffix: " s", rangemode: "tozero" },
      xaxis: { tickformat: "d", range: room(known) } }, colour);
}

/** A range of batches that is not all bars where there are few. */
function room(batches) {
  const first = batches.length ? batches[0].number : 1;
  const last = batches.length ? batches.at(-1).number : 1;
  return [first - 0.7, Math.max(last, first + ROOM - 1) + 0.7];
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

function react(plot, traces, more, colour) {
  const axis = { gridcolor: colour("--grid"), linecolor: colour("--line"), zeroline: false,
    fixedrange: true, automargin: false, nticks: 5, tickangle: 0 };
  const layout = {
    margin: { l: 62, r: 12, t: 8, b: 34 }, showlegend: false, hovermode: "closest",
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 11, color: colour("--soft") },
    hoverlabel: { bgcolor: colour("--surface"), bordercolor: colour("--strong-line"),
      font: { color: colour("--ink"), family: "system-ui, sans-serif", size: 12 } },
    ...more, xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, nticks: 5, ...more.yaxis },
  };
  if (globalThis.Plotly) globalThis.Plotly.react(plot, traces, layout, CONFIG);
  else say(plot, "The chart code did not come; the figures are below.");
}
