// The strip on top: what is proved, how far behind it is, and how to find out without us.

import { byId, fill, make, say } from "/page/dom.js";
import { clock, count, short, span, usdc } from "/page/format.js";
import { get } from "/page/feed.js";
import { LIVES, venue, venueNow } from "/page/venue.js";

const STALE_MS = 5000;
/** Names with nothing in them that a shell would read as more than a name. */
const PLAIN_ORIGIN = /^https?:[/][/][\w.:[\]-]+$/;
let proved = null;
let ladderRows = null;

/** All of the strip but for what only time changes. */
export function drawVerdict() {
  const status = venue.status;
  say(byId("venue"), `venue ${status.venue} on chain ${status.chain}`);
  byId("mock").hidden = venue.about.l1 !== "mock";
  const title = byId("verdict-title");
  if (status.proved < 1) {
    say(title, "No batch is proved yet");
    say(byId("verdict-says"), venue.about.proves ? venue.words.waiting : venue.words.unproved);
  } else if (status.proved !== proved) {
    drawProved(status.proved);
  }
  drawLadder(status);
  drawLights(status);
}

async function drawProved(number) {
  proved = number;
  const input = await get(`/v1/batches/${number}/public.json`).catch(() => null);
  if (number !== venue.status.proved) return;
  byId("verdict-title").dataset.state = "proved";
  say(byId("verdict-title"), `Batch ${number} is proved`);
  document.title = `crypsis: batch ${number} is proved`;
  say(byId("verdict-says"), venue.words.says);
  byId("copy").disabled = false;
  say(byId("command"), command(number));
  byId("verdict-roots").hidden = input === null;
  if (input !== null) {
    fill(byId("verdict-roots"),
      part("old root", short(input.old_root)), "→", part("new root", short(input.new_root)),
      part("custody", usdc(input.total)), part("window ended", `${clock(input.time)} UTC`));
  }
}

const part = (name, value) => make("span", {}, `${name} `, make("code", {}, value));

/** What to type to check a batch without this page. */
export function command(number) {
  const folder = `batch-${number}`;
  const { parameters } = venue.about;
  const classes = venue.about.shape_classes.map((name) => `--shape-class ${name}`).join(" ");
  const origin = PLAIN_ORIGIN.test(location.origin) ? location.origin : "URL-OF-THE-VENUE";
  return [
    `from=${origin}/v1/batches/${number}`,
    `curl -fsS --create-dirs -o ${folder}/public.json $from/public.json`,
    `curl -fsS --create-dirs -o ${folder}/proof.bin $from/proof.bin`,
    `crypsis verify --explain --parameters ${parameters} ${classes} ${folder}`,
  ].join("\n");
}

/** The button that copies the command. */
export function prepareCopy() {
  byId("copy").addEventListener("click", async () => {
    say(byId("copied"), (await copied(byId("command"))) ? "Copied." : "Selected: copy it by hand.");
  });
}

async function copied(element) {
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(element); // no clipboard without HTTPS or loopback
    return false;
  }
}

function drawLadder(status) {
  const numbers = [status.opened, status.closed, status.held, status.proved];
  if (ladderRows === null) {
    ladderRows = LIVES.map((life) => [make("td"), make("td"), life]);
    fill(byId("ladder"), ...ladderRows.map(([number, lag, life]) => make("tr", {},
      make("th", { scope: "row" }, make("span", { class: "swatch", "data-life": life }), life),
      number, lag)));
  }
  ladderRows.forEach(([number], place) => say(number, String(numbers[place] || "none")));
}

/** What the passing of time changes: ages, and whether anything came of late. */
export function drawAges() {
  const now = venueNow();
  if (now === null || ladderRows === null) return;
  const silent = performance.now() - venue.heardAt;
  drawLink(silent);
  const { status } = venue;
  const numbers = [status.opened, status.closed, status.held, status.proved];
  ladderRows.forEach(([, lag, life], place) => {
    const record = venue.batches.get(numbers[place]);
    say(lag, record ? lagText(life, record.time - now) : "");
  });
  say(byId("clock"), `${clock(Math.floor(now / 1000) * 1000)} UTC by the venue's clock`);
}

function lagText(life, left) {
  if (life !== "sequenced") return `${span(-left)} old`;
  if (venue.status.closes_at === null) return "none is open";
  return left > 0 ? `closes in ${span(left)}` : "is closing";
}

function drawLink(silent) {
  const stale = silent > STALE_MS;
  byId("link").dataset.state = stale ? "bad" : "good";
  say(byId("link-text"), stale ? "No connection" : venue.link);
  byId("stale").hidden = !stale;
  document.body.classList.toggle("is-stale", stale);
  if (stale) {
    say(byId("stale"), `Stale: nothing came for ${span(Math.floor(silent / 1000) * 1000)}. ` +
      "What is below was true then.");
    fill(byId("lights"), ...["Sequencer", "Prover", "L1"].map((name) =>
      light(name, "off", "unknown: the venue does not answer")));
  }
}

function drawLights(status) {
  fill(byId("lights"),
    light("Sequencer", ...sequencerLight(status)),
    light("Prover", ...proverLight(status)),
    light("L1", ...l1Light(status)));
}

function light(name, state, text) {
  return make("li", { "data-state": state },
    make("span", { class: "mark", "aria-hidden": "true" }),
    make("span", { class: "part" }, name), make("span", { class: "state" }, text));
}

function sequencerLight(status) {
  if (status.mode === "running") {
    return ["good", `takes orders, a batch every ${status.interval_ms / 1000} s`];
  }
  if (status.mode === "behind") return ["warn", "opens no batch until proving has caught up"];
  return status.mode === "draining" ? ["warn", "drains: no further batch"] : ["bad", status.mode];
}

function proverLight(status) {
  const waiting = status.held - status.proved;
  if (!venue.about.proves) return ["off", "off: nothing is proved here"];
  if (status.mode === "behind") return ["bad", `behind by ${count(waiting, "batch", "batches")}`];
  return waiting > 0
    ? ["good", `at batch ${status.proved + 1}, ${count(waiting, "waits", "wait")}`]
    : ["good", "idle: all that L1 holds is proved"];
}

function l1Light(status) {
  const kind = venue.about.l1 === "mock" ? "a mock, no chain" : venue.about.l1;
  if (venue.l1.heard === false) return ["bad", `not heard since ${clock(venue.l1.heard_at)}`];
  if (venue.l1.trouble) return ["bad", venue.l1.trouble];
  if (status.warnings.length) return ["warn", status.warnings.join("; ")];
  return ["good", kind];
}
