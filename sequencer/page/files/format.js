// Numbers as people read them. Amounts are integers of smallest units: never a float on the way.

const QUANTUM_DECIMALS = 6;

/** An integer (number, BigInt or decimal text) with thousands apart. */
export function digits(value) {
  const text = String(value);
  const sign = text.startsWith("-") ? "−" : "";
  return sign + text.replace("-", "").replace(/\B(?=(\d{3})+$)/g, ",");
}

/** An integer of 10^-decimals units as a decimal; `least` decimals stay though they are zero. */
export function scaled(value, decimals, least = decimals) {
  const text = String(value);
  const minus = text.startsWith("-");
  const whole = text.replace("-", "").padStart(decimals + 1, "0");
  const cut = whole.length - decimals;
  let rest = whole.slice(cut);
  while (rest.length > least && rest.endsWith("0")) rest = rest.slice(0, -1);
  return (minus ? "−" : "") + digits(whole.slice(0, cut)) + (rest ? `.${rest}` : "");
}

/** Quanta of USDC. */
export const usdc = (quanta) => `${scaled(quanta, QUANTUM_DECIMALS, 2)} USDC`;

/** Ten-thousandths as per cent. */
export const percent = (fraction) => `${scaled(fraction, 2, 0)} %`;

/** Millionths as per cent. */
export const feeRate = (rate) => `${scaled(rate, 4, 0)} %`;

/** Milliseconds since 1970 as a clock, in UTC; milliseconds only where there are any. */
export function clock(ms) {
  const text = new Date(ms).toISOString();
  return text.slice(11, ms % 1000 ? 23 : 19);
}

/** Date and clock, in UTC. */
export const moment = (ms) => `${new Date(ms).toISOString().slice(0, 10)} ${clock(ms)} UTC`;

/** A length of time. */
export function span(ms) {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 0.1) return "under 0.1 s";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return parts(Math.round(seconds), 60, "min", "s");
  return parts(Math.round(seconds / 60), 60, "h", "min");
}

function parts(total, each, large, small) {
  const rest = total % each;
  return `${Math.floor(total / each)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
}

/** The ends of a digest. */
export const short = (hex) => `${hex.slice(0, 8)}…${hex.slice(-6)}`;

/** Bytes in KiB. */
export const kibibytes = (bytes) => `${digits(Math.round(bytes / 1024))} KiB`;

/** "1 batch", "2 batches". */
export const count = (number, one, many = `${one}s`) =>
  `${digits(number)} ${number === 1 ? one : many}`;
