// How large, how fast, how long ago: in the reader's language.
import { locale } from "../text.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export function bytes(value) {
  let step = 0;
  while (step < UNITS.length - 1 && Math.round(value / 1000 ** step) >= 1000) step += 1;
  const size = value / 1000 ** step;
  /** @type {Intl.NumberFormatOptions} */
  const options = {
    style: "unit",
    unit: UNITS[step],
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: size < 100 && step ? 1 : 0,
  };
  return new Intl.NumberFormat(locale, options).format(size);
}

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const AGES = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const ages = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

export function age(moment) {
  const passed = Math.max(0, (Date.now() - new Date(moment).getTime()) / 1000);
  const [unit, size] = AGES.find(([, seconds]) => passed >= seconds) ?? AGES[AGES.length - 1];
  return ages.format(unit === "second" ? 0 : -Math.floor(passed / size), unit);
}

// A place in time of a table: as it stands in the file, or a number.
const exact = new Intl.DateTimeFormat(locale, {
  dateStyle: "medium",
  timeStyle: "medium",
  hourCycle: "h23",
  timeZone: "UTC",
});
export const place = (value) => {
  if (value === null) return "–";
  return typeof value === "number"
    ? new Intl.NumberFormat(locale, { maximumFractionDigits: 6 }).format(value)
    : exact.format(new Date(`${value}Z`));
};
