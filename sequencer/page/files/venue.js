// What this page knows of the venue: the last records, and when they came.

export const LIVES = ["sequenced", "batched", "held", "proved"];
export const SHOWN = 30;
const KEPT = 120;

export const venue = {
  about: null,
  words: null,
  markets: [],
  status: null,
  l1: null,
  batches: new Map(),
  prices: new Map(),
  accounts: null,
  /** How news come, in words. */
  link: "Connecting",
  /** performance.now() when the venue's clock last moved. */
  heardAt: null,
};

/** How far a batch has come, by what the status says. */
export function lifeOf(number, status = venue.status) {
  if (number <= status.proved) return "proved";
  if (number <= status.held) return "held";
  return number <= status.closed ? "batched" : "sequenced";
}

/** Take a record of a batch; a later one of the same number replaces it. */
export function takeBatch(record) {
  venue.batches.set(record.number, { ...venue.batches.get(record.number), ...record });
  forget(venue.batches);
}

/** Take the prices of a batch, in ticks, one for each market. */
export function takePrices(number, ticks) {
  if (number < 1) return;
  venue.prices.set(number, ticks);
  forget(venue.prices);
}

/** The last batches that are shown, the oldest first. */
export function shown() {
  const newest = venue.status ? venue.status.opened : 0;
  const first = Math.max(1, newest - SHOWN + 1);
  const found = [];
  for (let number = first; number <= newest; number += 1) {
    const record = venue.batches.get(number);
    if (record) found.push({ ...record, life: lifeOf(number) });
  }
  return found;
}

/** The venue's clock now, as far as the browser can tell: its last word, and what passed since. */
export function venueNow() {
  if (!venue.status) return null;
  return venue.status.now + (performance.now() - venue.heardAt);
}

function forget(records) {
  for (const number of [...records.keys()].sort((a, b) => a - b)) {
    if (records.size <= KEPT) return;
    records.delete(number);
  }
}
