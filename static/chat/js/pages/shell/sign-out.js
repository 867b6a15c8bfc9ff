/**
 * Signing out leaves nothing behind that was written here: on a shared computer the next person must not find it. What
 * has not reached the server is asked about first. The form works without this.
 */

import { Outbox } from "../../client/outbox/outbox.js";

/** A database that does not open must not keep a person signed in. */
const PATIENCE_MS = 1_500;

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const userId = form.dataset.signOut;
  if (!userId || event.defaultPrevented) return;
  event.preventDefault();
  const outbox = new Outbox(userId);
  const drafts = keysOf(`parley.draft.${userId}.`);
  const entries = await soon(outbox.all(), []);
  if ((entries.length || drafts.length) && !confirm(question(entries.length, drafts.length))) return;
  await soon(outbox.clear(), undefined);
  for (const key of [...drafts, ...keysOf(`parley.choice.${userId}.`)]) localStorage.removeItem(key);
  form.submit();
});

/** @param {number} messages @param {number} drafts */
function question(messages, drafts) {
  const what = [count(messages, "message"), count(drafts, "draft")].filter(Boolean).join(" and ");
  const [have, them] = messages + drafts === 1 ? ["has", "it"] : ["have", "them"];
  return `${what} ${have} not reached the server. Sign out and delete ${them} from this browser?`;
}

/** @param {number} number @param {string} word */
const count = (number, word) => (number ? `${number} ${word}${number === 1 ? "" : "s"}` : "");

/** @param {string} beginning @returns {string[]} keys of what this browser has kept */
function keysOf(beginning) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(beginning));
  } catch {
    return []; // storage is forbidden: nothing was kept
  }
}

/**
 * @template T
 * @param {Promise<T>} work
 * @param {T} otherwise when it fails or takes too long
 * @returns {Promise<T>}
 */
function soon(work, otherwise) {
  const late = new Promise((go) => setTimeout(() => go(otherwise), PATIENCE_MS));
  return Promise.race([work.catch(() => otherwise), late]);
}
