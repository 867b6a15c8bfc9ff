/**
 * Tells when another day has begun where the reader is: at their midnight, when a computer that slept is looked at
 * again, and when the time zone has changed. What says "Today", or a time, is drawn again then.
 */

import { renewFormats } from "./dates.js";
import { whenIdle } from "./when-seen.js";

/** No browser tells of a new time zone, and timers stand still while a computer sleeps. */
const LOOK_EVERY_MS = 60_000;

/** @type {Set<() => void>} */
const listeners = new Set();
let known = "";

/** @param {() => void} listener @returns {() => void} takes it off again */
export function onNewDay(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The day of the reader, and that of the world: usage is counted by that one. */
function dayNow() {
  const now = new Date();
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  return [now.toDateString(), now.toISOString().slice(0, 10), timeZone, now.getTimezoneOffset()].join();
}

function look() {
  const day = dayNow();
  if (day === known) return;
  const isFirst = known === "";
  known = day;
  if (isFirst) return;
  renewFormats();
  for (const listener of [...listeners]) listener();
}

function lookOn() {
  look();
  const now = Date.now();
  const midnight = Math.min(new Date(now).setHours(24, 0, 0, 0), new Date(now).setUTCHours(24, 0, 0, 0));
  setTimeout(lookOn, Math.min(LOOK_EVERY_MS, midnight - now + 1));
}

document.addEventListener("visibilitychange", look);
for (const type of ["focus", "pageshow"]) window.addEventListener(type, look);
// To ask for the time zone takes milliseconds, which the first drawing of a page has not got.
whenIdle(lookOn);
