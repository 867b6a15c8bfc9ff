/**
 * Times as people read them, in the reader's own time zone.
 */

// The texts of the pages are English: a date in another language between them would read oddly.
const LOCALE = navigator.language?.startsWith("en") ? navigator.language : "en-GB";
const DAY_MS = 86_400_000;
const DAYS_WITH_A_NAME = 6;

let generation = 1;

// Making one takes milliseconds, which the first drawing of a page has not got: each when it is first needed.
const time = lazy({ hour: "numeric", minute: "2-digit" });
const weekday = lazy({ weekday: "long" });
const thisYear = lazy({ weekday: "long", day: "numeric", month: "long" });
const otherYear = lazy({ day: "numeric", month: "long", year: "numeric" });
const full = lazy({ dateStyle: "full", timeStyle: "short" });

/** @param {Intl.DateTimeFormatOptions} options @returns {() => Intl.DateTimeFormat} */
function lazy(options) {
  /** @type {Intl.DateTimeFormat} */
  let format;
  let of = 0;
  return () => {
    if (of !== generation) [format, of] = [new Intl.DateTimeFormat(LOCALE, options), generation];
    return format;
  };
}

/** Each keeps the time zone that it was made in: the next times are told in the one of now. */
export const renewFormats = () => void (generation += 1);

/** @param {number} ms */
export const timeLabel = (ms) => time().format(ms);

/** Without "AM": for narrow places. @param {number} ms */
export const shortTimeLabel = (ms) =>
  time().formatToParts(ms).filter(({ type }) => type !== "dayPeriod").map(({ value }) => value).join("").trim();

/** @param {number} ms */
export const fullLabel = (ms) => full().format(ms);

/** @param {number} ms midnight before it, so that two moments of one day compare equal */
export const dayOf = (ms) => new Date(ms).setHours(0, 0, 0, 0);

/** @param {number} ms @param {number} [now] */
export function dayLabel(ms, now = Date.now()) {
  const day = dayOf(ms);
  // Rounded: a day may have 23 or 25 hours.
  const ago = Math.round((dayOf(now) - day) / DAY_MS);
  if (ago === 0) return "Today";
  if (ago === 1) return "Yesterday";
  if (ago > 1 && ago <= DAYS_WITH_A_NAME) return weekday().format(day);
  return (new Date(day).getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear)().format(day);
}

/** @param {number} ms @param {number} [now] the time today, else the day and the time */
export const momentLabel = (ms, now = Date.now()) =>
  dayOf(ms) === dayOf(now) ? timeLabel(ms) : `${dayLabel(ms, now)}, ${timeLabel(ms)}`;
