// One batch, opened: its public input in plain words.

import { byId, fill, make, say, table } from "/page/dom.js";
import { digits, feeRate, kibibytes, moment, percent, scaled, short, span, usdc }
  from "/page/format.js";
import { get } from "/page/feed.js";
import { lifeOf, venue } from "/page/venue.js";
import { command } from "/page/verdict.js";

let wanted = null;

/** What closes the drawer. */
export function prepareDrawer() {
  const drawer = byId("drawer");
  byId("drawer-close").addEventListener("click", () => drawer.close());
  drawer.addEventListener("click", (event) => {
    if (event.target === drawer) drawer.close();
  });
  drawer.addEventListener("close", () => {
    byId("tiles").querySelector(`[data-number="${wanted}"]`)?.focus();
  });
}

/** Show a batch. */
export async function openDrawer(number) {
  wanted = number;
  const life = lifeOf(number);
  say(byId("drawer-title"), `Batch ${number}: ${life}`);
  fill(byId("drawer-body"), make("p", { class: "note" }, "Asking the venue"));
  byId("drawer").showModal();
  try {
    const parts = life === "proved" ? await provedParts(number) : waitingParts(number, life);
    if (wanted === number) fill(byId("drawer-body"), ...parts);
  } catch (error) {
    fill(byId("drawer-body"), make("p", {}, `It cannot be shown: ${error.message}`));
  }
}

function waitingParts(number, life) {
  const record = venue.batches.get(number);
  const parts = [make("p", {}, venue.words.stages[life]), facts(timeFacts(record))];
  if (record.public) {
    parts.push(rootPart("Old root", record.old_root), rootPart("New root", record.new_root),
      rootPart("Digest of the public input, to which the header holds the operator",
        record.public));
  }
  return parts;
}

async function provedParts(number) {
  const path = `/v1/batches/${number}`;
  const [record, input, bytes] = await Promise.all(
    [get(path), get(`${path}/public.json`), proofBytes(`${path}/proof.bin`)]);
  return [
    make("p", {}, venue.words.says),
    facts([...timeFacts(record), ...proofFacts(bytes, input)]),
    rootPart("Old root", input.old_root), rootPart("New root", input.new_root),
    make("p", { class: "downloads" },
      link(`${path}/public.json`, `batch-${number}-public.json`, "public.json"),
      link(`${path}/proof.bin`, `batch-${number}-proof.bin`, "proof.bin")),
    make("pre", { tabindex: 0, "aria-label": "How to check this batch" }, command(number)),
    make("h3", {}, "Its public input: all that the world learns of it"),
    make("div", { class: "members" },
      ...venue.words.members.map((member) => memberPart(member, input))),
  ];
}

const link = (href, name, text) => make("a", { href, download: name }, text);

/** How large a proof is, without reading it. */
async function proofBytes(path) {
  const stop = new AbortController();
  const answer = await fetch(path, { signal: stop.signal });
  const length = answer.headers.get("content-length");
  stop.abort();
  return answer.ok && length ? Number(length) : null;
}

function timeFacts(record) {
  const found = [["Window ended", moment(record.time)]];
  if (record.held_at) found.push(["Header at L1", `${span(record.held_at - record.time)} later`]);
  if (record.held_at && record.proved_at) {
    found.push(["Proof at L1 after", span(record.proved_at - record.held_at)]);
  }
  if (record.redo) found.push(["Made anew", "yes, without orders"]);
  return found;
}

function proofFacts(bytes, input) {
  const { bits, parameters } = venue.about;
  const named = `${parameters}, class ${input.shape_class}`;
  const found = [["Proven bits", bits], ["Parameters", named]];
  return bytes === null ? found : [...found, ["Proof", kibibytes(bytes)]];
}

const facts = (pairs) => make("dl", { class: "facts" },
  ...pairs.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));

const rootPart = (name, hex) => make("div", { class: "root" },
  make("span", { class: "note" }, name), make("code", {}, hex));

function memberPart(member, input) {
  return make("section", { class: "member" },
    make("h4", {}, member.title, make("code", {}, member.name)),
    make("div", { class: "value" }, ...valueOf(member.name, input)),
    make("p", {}, member.what),
    make("p", { class: "learns" }, `An observer learns: ${member.learns}`));
}

function valueOf(name, input) {
  const value = input[name];
  switch (name) {
    case "time": return [moment(value)];
    case "total": return [usdc(value)];
    case "redo": return [value ? "yes" : "no"];
    case "old_root":
    case "new_root":
    case "receipts": return [make("code", {}, value)];
    case "reports": return [reportsText(value, input.governance.oracle)];
    case "prices_before":
    case "prices": return [input.governance.markets.map((market, place) =>
      `${market.symbol} ${scaled(value[place], market.price_decimals)}`).join(", ")];
    case "governance": return [governancePart(value)];
    case "deposits": return [depositsPart(value)];
    case "withdrawals": return [withdrawalsPart(value)];
    case "estate": return [estatePart(value, input.governance.markets)];
    default: return [String(value)];
  }
}

const reportsText = (reports, oracle) => reports.length === 0 ? "none: every price stands"
  : `${reports.length} reports; ${oracle.quorum} of ${oracle.signers.length} signers make a price`;

function governancePart(value) {
  const rows = value.markets.map((each) => [each.symbol, percent(each.initial_fraction),
    percent(each.maintenance_fraction), `± ${percent(each.band_fraction)}`,
    feeRate(each.taker_fee), feeRate(each.maker_fee)]);
  const heads = ["market", "initial", "maintenance", "band", "taker fee", "maker fee"];
  return make("div", { class: "scroll" }, table("Parameters by market", heads, rows, [0]),
    make("p", { class: "note" }, `Fee account ${value.fee_account}. L1 takes a header up to ` +
      `${span(value.clock_behind_ms)} after its batch's time, or ${span(value.clock_ahead_ms)} ` +
      "before it."));
}

function depositsPart(entries) {
  if (!entries.length) return make("span", {}, "none");
  const rows = entries.map((each) => [digits(each.index), each.kind, digits(each.account),
    short(each.owner), usdc(each.amount), each.outcome.replaceAll("_", " ")]);
  const heads = ["entry", "kind", "account", "owner", "amount", "outcome"];
  return make("div", { class: "scroll" },
    table("Queue entries", heads, rows, [1, 3, 5]));
}

function withdrawalsPart(granted) {
  if (!granted.length) return make("span", {}, "none");
  const rows = granted.map((each) => [short(each.owner), usdc(each.amount)]);
  return make("div", { class: "scroll" },
    table("Withdrawals", ["owner", "amount"], rows, [0]));
}

function estatePart(taken, markets) {
  if (!taken.length) return make("span", {}, "nothing");
  const rows = taken.map((each) => [markets[each.asset - 1].symbol, digits(each.lots)]);
  return make("div", { class: "scroll" },
    table("What the estate took", ["asset", "lots"], rows, [0]));
}
