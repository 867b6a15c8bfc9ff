/**
 * Loads one test module, runs its tests one after another, and leaves the results for pytest in `window.results`.
 */

import { declared } from "./testing.js";

const TEST_TIMEOUT_MS = 15_000;

const module = new URLSearchParams(location.search).get("module");
try {
  await import(`./${module}`);
  const results = [];
  for (const { name, run } of declared) results.push({ name, error: await outcome(run) });
  window.results = results;
} catch (error) {
  window.results = describe(error);
}

/** @param {() => Promise<void>} run */
async function outcome(run) {
  const strays = [];
  // An error that no test awaited is a failure of the test in which it happened.
  const catchStray = (event) => strays.push(describe(event.error ?? event.reason));
  window.addEventListener("error", catchStray);
  window.addEventListener("unhandledrejection", catchStray);
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${TEST_TIMEOUT_MS} ms`)), TEST_TIMEOUT_MS);
  });
  try {
    await Promise.race([run(), late]);
  } catch (error) {
    strays.push(describe(error));
  }
  clearTimeout(timer);
  window.removeEventListener("error", catchStray);
  window.removeEventListener("unhandledrejection", catchStray);
  return strays.length ? strays.join("\n") : null;
}

/** @param {unknown} error */
function describe(error) {
  return error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
}
