/**
 * A worker that finds the pieces of code that have a color. A grammar may take forever on a text that was made for it:
 * then the page ends this worker (highlighting.js). It fetches the library and each language when it first needs them.
 */

/**
 * One literal path each: hashed names are put in where the site is deployed.
 * @type {Record<string, () => Promise<any>>}
 */
const LANGUAGES = {
  bash: () => import("../../../vendor/highlight/languages/bash.min.js"),
  c: () => import("../../../vendor/highlight/languages/c.min.js"),
  cpp: () => import("../../../vendor/highlight/languages/cpp.min.js"),
  css: () => import("../../../vendor/highlight/languages/css.min.js"),
  diff: () => import("../../../vendor/highlight/languages/diff.min.js"),
  dockerfile: () => import("../../../vendor/highlight/languages/dockerfile.min.js"),
  go: () => import("../../../vendor/highlight/languages/go.min.js"),
  ini: () => import("../../../vendor/highlight/languages/ini.min.js"),
  java: () => import("../../../vendor/highlight/languages/java.min.js"),
  javascript: () => import("../../../vendor/highlight/languages/javascript.min.js"),
  json: () => import("../../../vendor/highlight/languages/json.min.js"),
  kotlin: () => import("../../../vendor/highlight/languages/kotlin.min.js"),
  markdown: () => import("../../../vendor/highlight/languages/markdown.min.js"),
  php: () => import("../../../vendor/highlight/languages/php.min.js"),
  python: () => import("../../../vendor/highlight/languages/python.min.js"),
  ruby: () => import("../../../vendor/highlight/languages/ruby.min.js"),
  rust: () => import("../../../vendor/highlight/languages/rust.min.js"),
  sql: () => import("../../../vendor/highlight/languages/sql.min.js"),
  typescript: () => import("../../../vendor/highlight/languages/typescript.min.js"),
  xml: () => import("../../../vendor/highlight/languages/xml.min.js"),
  yaml: () => import("../../../vendor/highlight/languages/yaml.min.js"),
};

/** Languages that occur within another. Loaded with it, so that its colors don't depend on what was colored before. */
/** @type {Record<string, string[]>} */
const WITHIN = {
  dockerfile: ["bash"], javascript: ["xml", "css"], markdown: ["xml"], php: ["xml"], typescript: ["xml", "css"],
  xml: ["css", "javascript"], yaml: ["ruby"],
};

/** The first part of its scope names to the class of its color. @type {Record<string, string>} */
const CLASSES = {
  comment: "c1", quote: "c1", doctag: "c1", keyword: "k", "selector-tag": "nt", name: "nt", operator: "o",
  punctuation: "p", string: "s1", regexp: "s1", subst: "si", char: "se", "template-tag": "s1", addition: "gi",
  deletion: "gd", number: "mi", literal: "kc", symbol: "kc", title: "nf", section: "gh", attr: "na",
  attribute: "na", "selector-class": "nc", "selector-id": "nc", "selector-attr": "na", built_in: "nb", type: "nc",
  meta: "nd", variable: "nv", "template-variable": "nv", params: "n", property: "n",
};

/** More would take the page too long to show. */
const PIECES_AT_MOST = 8_000;

/** @typedef {import("./piece.d.ts").Piece} Piece */

let pieces = 0;

/** @param {string} name */
async function load(name) {
  const { default: library } = await import("../../../vendor/highlight/core.min.js");
  for (const each of [name, ...(WITHIN[name] ?? [])]) {
    if (!library.getLanguage(each)) library.registerLanguage(each, (await LANGUAGES[each]()).default);
  }
  return library;
}

/** @param {any} part a text, or a scope with parts in it @returns {Piece} */
function pieceOf(part) {
  pieces += 1;
  if (typeof part === "string") return part;
  return [CLASSES[part.scope?.split(".")[0]] ?? "", ...part.children.map(pieceOf)];
}

globalThis.addEventListener("message", async ({ data: { id, language, code } }) => {
  try {
    const library = await load(language);
    // From here on the time counts: fetching is not the text's fault.
    globalThis.postMessage({ id, hasBegun: true });
    // Its result as HTML is of no use here: nothing that was made in the browser becomes HTML. This is the tree behind
    // it.
    const { children } = library.highlight(code, { language, ignoreIllegals: true })._emitter.rootNode;
    pieces = 0;
    const found = children.map(pieceOf);
    globalThis.postMessage({ id, pieces: pieces > PIECES_AT_MOST ? null : found });
  } catch {
    globalThis.postMessage({ id, pieces: null, hasFailed: true });
  }
});
