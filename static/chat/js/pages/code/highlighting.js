/**
 * Code to colored pieces, for what is streamed and for what the server has rendered: the server colors nothing. A
 * worker does it, one text after the other. One that takes too long is ended with it, and is not tried again.
 */

import { el } from "../base/dom.js";

/** @typedef {import("./piece.d.ts").Piece} Piece */

/** Those that highlight-worker.js can fetch. */
const LANGUAGES = new Set([
  "bash", "c", "cpp", "css", "diff", "dockerfile", "go", "ini", "java", "javascript", "json",
  "kotlin", "markdown", "php", "python", "ruby", "rust", "sql", "typescript", "xml", "yaml",
]);

/** @type {Record<string, string>} */
const ALSO = {
  sh: "bash", shell: "bash", zsh: "bash", console: "bash", h: "c", "c++": "cpp", cc: "cpp", hpp: "cpp",
  patch: "diff", docker: "dockerfile", golang: "go", toml: "ini", cfg: "ini", js: "javascript", jsx: "javascript",
  mjs: "javascript", node: "javascript", jsonc: "json", kt: "kotlin", md: "markdown", py: "python",
  python3: "python", rb: "ruby", rs: "rust", postgresql: "sql", sqlite: "sql", ts: "typescript", tsx: "typescript",
  html: "xml", svg: "xml", yml: "yaml",
};

/** Of work in the worker. An ordinary text of the longest kind takes a tenth of it. */
const WORK_MS = 250;
/** A result may be there already when the page was busy for so long that the time seems to be over. */
const LATE_MS = 50;
/** Until it begins: the library and the language are being fetched. */
const LOAD_MS = 20_000;
/** A language in which so many texts took too long is left alone: someone makes them for it. */
const SLOW_TEXTS_AT_MOST = 5;

const policy = globalThis.trustedTypes?.createPolicy("parley-highlighter", { createScriptURL: () => WORKER });
const WORKER = String(new URL("./highlight-worker.js", import.meta.url));

/** @type {Worker | null} */
let worker = null;
/** Texts that took too long, by language. @type {Map<string, Set<string>>} */
const slow = new Map();
/** The end of what is asked for now. @type {Promise<any>} */
let last = Promise.resolve();
let asked = 0;

/**
 * @param {string} code
 * @param {string} language as it was written
 * @returns {Promise<(globalThis.Node | string)[] | null>} null: it stays in one color
 */
export async function highlighted(code, language) {
  const written = language.toLowerCase();
  const name = Object.hasOwn(ALSO, written) ? ALSO[written] : written;
  if (!LANGUAGES.has(name)) return null;
  const turn = last.then(() => (isTooSlow(name, code) ? null : ask(name, code)));
  last = turn;
  return (await turn)?.map(shown) ?? null;
}

/** @param {string} name @param {string} code */
function isTooSlow(name, code) {
  const texts = slow.get(name);
  return texts !== undefined && (texts.has(code) || texts.size >= SLOW_TEXTS_AT_MOST);
}

/** @param {string} language @param {string} code @returns {Promise<Piece[] | null>} */
function ask(language, code) {
  const id = (asked += 1);
  return new Promise((resolve) => {
    const end = (/** @type {Piece[] | null} */ pieces) => {
      clearTimeout(timer);
      if (worker) worker.onmessage = worker.onerror = null;
      resolve(pieces);
    };
    const giveUp = (/** @type {boolean} */ isSlow) => {
      worker?.terminate();
      if (isSlow) slow.set(language, (slow.get(language) ?? new Set()).add(code));
      end(null);
      worker = null;
    };
    let timer = setTimeout(giveUp, LOAD_MS, false);
    try {
      worker ??= new Worker(/** @type {any} */ (policy ? policy.createScriptURL("") : WORKER), { type: "module" });
    } catch {
      return end(null);
    }
    worker.onerror = () => giveUp(false);
    worker.onmessage = ({ data }) => {
      if (data.id !== id) return;
      clearTimeout(timer);
      if (data.hasBegun) timer = setTimeout(() => (timer = setTimeout(giveUp, LATE_MS, true)), WORK_MS);
      else end(data.pieces);
    };
    worker.postMessage({ id, language, code });
  });
}

/** @param {Piece} piece @returns {globalThis.Node | string} */
function shown(piece) {
  if (typeof piece === "string") return piece;
  const [name, ...children] = piece;
  return el("span", name ? { class: name } : {}, ...children.map(shown));
}
