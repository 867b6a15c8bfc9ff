/**
 * Code to coloured pieces, in the browser: for what is streamed. The library and each language are fetched when first
 * needed. Its classes become those of pygments, which colours the same code on the server, so one set of rules fits both.
 */

import { el } from "./dom.js";

/** One literal path each: hashed names are put in where the site is deployed. @type {Record<string, () => Promise<any>>} */
const LANGUAGES = {
  bash: () => import("../../vendor/highlight/languages/bash.min.js"),
  c: () => import("../../vendor/highlight/languages/c.min.js"),
  cpp: () => import("../../vendor/highlight/languages/cpp.min.js"),
  css: () => import("../../vendor/highlight/languages/css.min.js"),
  diff: () => import("../../vendor/highlight/languages/diff.min.js"),
  dockerfile: () => import("../../vendor/highlight/languages/dockerfile.min.js"),
  go: () => import("../../vendor/highlight/languages/go.min.js"),
  ini: () => import("../../vendor/highlight/languages/ini.min.js"),
  java: () => import("../../vendor/highlight/languages/java.min.js"),
  javascript: () => import("../../vendor/highlight/languages/javascript.min.js"),
  json: () => import("../../vendor/highlight/languages/json.min.js"),
  kotlin: () => import("../../vendor/highlight/languages/kotlin.min.js"),
  markdown: () => import("../../vendor/highlight/languages/markdown.min.js"),
  php: () => import("../../vendor/highlight/languages/php.min.js"),
  python: () => import("../../vendor/highlight/languages/python.min.js"),
  ruby: () => import("../../vendor/highlight/languages/ruby.min.js"),
  rust: () => import("../../vendor/highlight/languages/rust.min.js"),
  sql: () => import("../../vendor/highlight/languages/sql.min.js"),
  typescript: () => import("../../vendor/highlight/languages/typescript.min.js"),
  xml: () => import("../../vendor/highlight/languages/xml.min.js"),
  yaml: () => import("../../vendor/highlight/languages/yaml.min.js"),
};

/** @type {Record<string, string>} */
const ALSO = {
  sh: "bash", shell: "bash", zsh: "bash", console: "bash", h: "c", "c++": "cpp", cc: "cpp", hpp: "cpp", patch: "diff",
  docker: "dockerfile", golang: "go", toml: "ini", cfg: "ini", js: "javascript", jsx: "javascript", mjs: "javascript",
  node: "javascript", jsonc: "json", kt: "kotlin", md: "markdown", py: "python", python3: "python", rb: "ruby",
  rs: "rust", postgresql: "sql", sqlite: "sql", ts: "typescript", tsx: "typescript", html: "xml", svg: "xml", yml: "yaml",
};

/** The first part of its scope names to the class that pygments gives the like. @type {Record<string, string>} */
const CLASSES = {
  comment: "c1", quote: "c1", doctag: "c1",
  keyword: "k", "selector-tag": "nt", name: "nt", operator: "o", punctuation: "p",
  string: "s1", regexp: "s1", subst: "si", char: "se", "template-tag": "s1", addition: "gi", deletion: "gd",
  number: "mi", literal: "kc", symbol: "kc",
  title: "nf", section: "gh", attr: "na", attribute: "na", "selector-class": "nc", "selector-id": "nc", "selector-attr": "na",
  built_in: "nb", type: "nc", meta: "nd", variable: "nv", "template-variable": "nv", params: "n", property: "n",
};

/** @type {Promise<any> | null} */
let core = null;

/**
 * @param {string} code
 * @param {string} language as it was written
 * @returns {Promise<(globalThis.Node | string)[] | null>} null: nobody here knows this language
 */
export async function highlighted(code, language) {
  const written = language.toLowerCase();
  const name = Object.hasOwn(ALSO, written) ? ALSO[written] : written;
  if (!Object.hasOwn(LANGUAGES, name)) return null;
  core ??= import("../../vendor/highlight/core.min.js").then((module) => module.default);
  const [library, grammar] = await Promise.all([core, LANGUAGES[name]()]);
  if (!library.getLanguage(name)) library.registerLanguage(name, grammar.default);
  // Its result as HTML is of no use here: nothing that was made in the browser becomes HTML. This is the tree behind it.
  const tree = library.highlight(code, { language: name, ignoreIllegals: true })._emitter.rootNode;
  return tree.children.map(piece);
}

/** @param {any} part a text, or a scope with parts in it @returns {globalThis.Node | string} */
function piece(part) {
  if (typeof part === "string") return part;
  const children = part.children.map(piece);
  const name = CLASSES[part.scope?.split(".")[0]];
  return el("span", name ? { class: name } : {}, ...children);
}
