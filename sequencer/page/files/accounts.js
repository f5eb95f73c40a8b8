// Accounts of a development venue, in the clear: only where the program was started to show them.

import { byId, fill, make, say, table } from "/page/dom.js";
import { clock, count, digits, scaled, usdc } from "/page/format.js";
import { get } from "/page/feed.js";
import { venue } from "/page/venue.js";

const EVERY_MS = 2000;
let askedAt = -Infinity;

/** Ask again, not too often, and draw. */
export async function drawAccounts() {
  if (!venue.about.shows_accounts || performance.now() - askedAt < EVERY_MS) return;
  askedAt = performance.now();
  const found = await get("/v1/development/accounts").catch(() => null);
  if (found === null) return;
  byId("accounts").hidden = false;
  say(byId("accounts-note"), venue.words.accounts);
  const open = new Set([...byId("accounts-list").querySelectorAll("details[open]")]
    .map((each) => each.dataset.account));
  fill(byId("accounts-list"), make("div", { class: "scroll" }, summary(found.accounts)),
    ...found.accounts.filter(isBusy).map((each) => detail(each, open)));
}

const isBusy = (account) => account.orders.length > 0 || account.facts.length > 0;

function summary(accounts) {
  const heads = ["account", "cash", ...venue.markets.map((each) => each.symbol), "live orders"];
  return table("Development accounts", heads, accounts.map((each) => [
    digits(each.account), usdc(each.cash),
    ...held(each),
    each.orders.length]));
}

/** What is held in each market; one that the venue does not name holds nothing. */
function held(account) {
  const lots = new Map(account.positions);
  return venue.markets.map((market, place) =>
    scaled(lots.get(place) ?? "0", market.size_decimals, 0));
}

function detail(account, open) {
  const isOpen = open.has(String(account.account));
  return make("details", { "data-account": account.account, open: isOpen },
    make("summary", {}, `Account ${account.account}: orders and what happened last`),
    make("div", { class: "scroll" }, ordersOf(account), factsOf(account)));
}

function ordersOf(account) {
  if (!account.orders.length) return make("p", { class: "empty" }, "No live order.");
  const heads = ["slot", "market", "side", "price", "size", "remaining", "good until"];
  return table(`Live orders of account ${account.account}`, heads,
    account.orders.map(([slot, , place, side, price, size, remaining, expiry]) => {
      const market = venue.markets[place];
      return [slot, market.symbol, side === 0 ? "buy" : "sell",
        scaled(price, market.price_decimals), scaled(size, market.size_decimals, 0),
        scaled(remaining, market.size_decimals, 0), clock(expiry)];
    }), [1, 2]);
}

/** Rows of docs/api.md, the last first: receipt, slot, generation, then what belongs to it. */
function factsOf(account) {
  const rows = [...account.facts].reverse().map(([what, ...rest]) => {
    if (what === "voided") return [what, "", `batch ${rest[0]}`];
    if (what === "liquidated") return [what, "", liquidation(rest)];
    if (what === "settled") return [what, "", settlement(rest)];
    const [, slot, , ...members] = rest;
    return [what, slot, (DETAILS[what] ?? String)(members)];
  });
  return table(`What happened last to account ${account.account}`, ["what", "slot", "detail"],
    rows, [0, 2]);
}

const lots = (number) => count(number, "lot");

function liquidation([batch, place, price, size, side, fee, time]) {
  const market = venue.markets[place];
  return `the backstop took ${scaled(size, market.size_decimals, 0)} ${market.symbol} ` +
    `${side ? "held" : "owed"} at ${scaled(price, market.price_decimals)}, fee ${usdc(fee)}, ` +
    `batch ${batch} of ${clock(time)}`;
}

function settlement([batch, place, price, size, side, , time]) {
  const market = venue.markets[place];
  return `${market.symbol} has ended: ${scaled(size, market.size_decimals, 0)} ` +
    `${side ? "held" : "owed"} became cash at ${scaled(price, market.price_decimals)} less its ` +
    `funding, batch ${batch} of ${clock(time)}`;
}

const DETAILS = {
  filled: ([batch, place, price, size, isMaker, side, fee, time]) => {
    const market = venue.markets[place];
    return `${side ? "sold" : "bought"} ${market.symbol} ` +
      `${scaled(size, market.size_decimals, 0)} at ${scaled(price, market.price_decimals)}, ` +
      `${isMaker ? "maker" : "taker"}, fee ${usdc(fee)}, batch ${batch} of ${clock(time)}`;
  },
  rested: ([left]) => `${lots(left)} wait in the book`,
  lives: ([left]) => `${lots(left)} are live`,
  ended: ([reason, left]) => (left ? `${reason}, ${lots(left)} left` : reason),
};
