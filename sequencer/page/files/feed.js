// Where news come from. `follow` is the one way in: the stream rings, and the routes are asked, as
// they are when it was silent for a while. Without a stream they are asked every second.

import { lifeOf, SHOWN, takeBatch, takePrices, venue } from "/page/venue.js";

const POLL_MS = 1000;
const HEARTBEAT_MS = 2000;
const RETRY_MS = 5000;
const WAIT_MS = 10_000;

/** JSON of a route; an error where it did not answer with 200 in time. */
export async function get(path) {
  const answer = await fetch(path, { cache: "no-cache", signal: AbortSignal.timeout(WAIT_MS) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

let socket = null;
let ring = () => {};

/** Listen to the public stream; try again later where it is lost. */
function listen() {
  socket = new WebSocket(`${location.origin.replace("http", "ws")}/v1/stream`);
  socket.addEventListener("message", () => ring());
  socket.addEventListener("close", () => setTimeout(listen, RETRY_MS));
}

const isStreaming = () => socket?.readyState === WebSocket.OPEN;

/** Until the stream rings, or it is time to ask anyway. */
function pause(sinceMs) {
  const most = isStreaming() ? HEARTBEAT_MS : POLL_MS;
  return new Promise((done) => {
    const timer = setTimeout(done, Math.max(100, most - sinceMs));
    ring = () => {
      clearTimeout(timer);
      setTimeout(done, 100); // frames come in groups
    };
  });
}

/** Follow the venue for as long as the page is open; `changed` is called after news. */
export async function follow(changed) {
  listen();
  for (;;) {
    const begun = performance.now();
    try {
      await ask();
      changed();
    } catch (error) {
      console.info("the venue did not answer", String(error));
    }
    await pause(performance.now() - begun);
  }
}

async function ask() {
  const [status, l1, prices] = await Promise.all(
    [get("/v1/status"), get("/v1/l1"), get("/v1/prices")]);
  const before = venue.status;
  takeStatus(status, l1);
  takePrices(prices.batch, prices.prices.map((each) => each.price));
  l1.waiting.forEach(takeBatch);
  if (status.closes_at !== null) {
    takeBatch({ number: status.opened, life: "sequenced", time: status.closes_at });
  }
  await (before === null ? askAll(status) : askProved(before, status));
}

/** News is what the venue's clock has moved for: a server may answer for one that stands still. */
function takeStatus(status, l1) {
  if (venue.status?.now !== status.now) venue.heardAt = performance.now();
  venue.status = status;
  venue.l1 = l1;
  venue.link = isStreaming() ? "Live" : "Live, asked every second";
}

/** The last batches; one by one where a bundle among them is not kept here. */
async function askAll(status) {
  try {
    const page = await get(`/v1/batches?limit=${SHOWN}`);
    page.batches.forEach(takeBatch);
  } catch {
    const first = Math.max(1, status.opened - SHOWN + 1);
    for (let number = first; number <= status.proved; number += 1) await askBatch(number);
  }
}

async function askBatch(number) {
  try {
    takeBatch(await get(`/v1/batches/${number}`));
  } catch {
    // its bundle is not kept here: no tile
  }
}

/** Those that were proved since: their records come from their public files now. */
async function askProved(before, status) {
  const first = Math.max(before.proved + 1, status.proved - SHOWN + 1);
  for (let number = first; number <= status.proved; number += 1) {
    await askBatch(number);
    await askPrices(number);
  }
}

/** Prices of a proved batch, where they are not known yet. */
async function askPrices(number) {
  if (venue.prices.has(number)) return;
  try {
    const input = await get(`/v1/batches/${number}/public.json`);
    takePrices(number, input.prices.slice(0, venue.markets.length));
  } catch {
    // its bundle is not kept here: a hole in a chart
  }
}

/** Prices of batches that were proved before the page was opened, out of their public inputs. */
export async function askOldPrices(changed) {
  for (const number of [...venue.batches.keys()].sort((a, b) => b - a)) {
    if (lifeOf(number) !== "proved") continue;
    await askPrices(number);
    changed();
  }
}
