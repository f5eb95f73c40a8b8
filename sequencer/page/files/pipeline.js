// The last batches as tiles, the oldest first; what is missing in time is shown as missing.

import { byId, fill, make, say } from "/page/dom.js";
import { clock, count, digits, span } from "/page/format.js";
import { LIVES, shown, venue } from "/page/venue.js";

const SIGNS = { sequenced: "···", batched: "–", held: "L1", proved: "✓" };
let drawn = "";

/** Draw the tiles again if anything about them changed; `open` is told which was chosen. */
export function drawPipeline(open) {
  const batches = shown();
  const now = JSON.stringify(batches.map((each) => [each.number, each.life, each.redo, each.time]));
  if (now === drawn) return;
  drawn = now;
  const focused = document.activeElement?.dataset?.number;
  fill(byId("tiles"), ...batches.flatMap((batch, place) => [
    gap(batches[place - 1], batch), tile(batch, open)].filter(Boolean)));
  moveFocus(focused);
  drawLegend(batches);
  say(byId("pipeline-note"), note(batches));
}

function tile(batch, open) {
  const redo = batch.redo ? ", made anew after L1 refused its header" : "";
  const ends = batch.life === "sequenced" ? "ends" : "ended";
  const button = make("button", {
    type: "button",
    class: batch.redo ? "tile redo" : "tile",
    tabindex: -1,
    "data-life": batch.life,
    "data-number": batch.number,
    "aria-label": `Batch ${batch.number}, ${batch.life}, ${ends} ${clock(batch.time)}${redo}`,
    title: `${clock(batch.time)} UTC${redo}`,
  }, make("span", {}, String(batch.number)), make("span", { class: "small" },
    batch.redo ? "redo" : SIGNS[batch.life]));
  button.addEventListener("click", () => open(batch.number));
  button.addEventListener("keydown", walk);
  return make("li", {}, button);
}

/** Windows between two batches in which none was closed. */
function gap(before, batch) {
  if (!before) return null;
  const missing = Math.round((batch.time - before.time) / venue.status.interval_ms) - 1;
  if (missing < 1) return null;
  const title = `${count(missing, "window")} skipped: ${span(batch.time - before.time)} from one ` +
    "batch to the next";
  return make("li", { class: "gap", title }, make("span", {}, digits(missing)),
    make("span", { class: "small" }, "skipped"));
}

/** Arrow keys walk along the tiles, of which one is in the order of tabs. */
function walk(event) {
  const tiles = [...byId("tiles").querySelectorAll("button")];
  const place = tiles.indexOf(event.currentTarget);
  const wanted = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tiles.length - 1 };
  const next = tiles[wanted[event.key]];
  if (!next) return;
  event.preventDefault();
  tiles.forEach((each) => { each.tabIndex = -1; });
  next.tabIndex = 0;
  next.focus();
}

function moveFocus(number) {
  const tiles = [...byId("tiles").querySelectorAll("button")];
  const same = tiles.find((each) => each.dataset.number === number);
  const first = same ?? tiles.at(-1);
  if (!first) return;
  first.tabIndex = 0;
  if (same) same.focus();
}

function drawLegend(batches) {
  const of = (life) => batches.filter((batch) => batch.life === life).length;
  fill(byId("legend"), ...LIVES.map((life) => make("li", {},
    make("span", { class: "swatch", "data-life": life }), `${life} ${of(life)}`)));
}

function note(batches) {
  const redo = batches.filter((batch) => batch.redo).length;
  if (!redo) return venue.words.lives;
  const again = count(redo, "batch was made anew", "batches were made anew");
  return `${venue.words.lives} ${again}, without orders.`;
}
