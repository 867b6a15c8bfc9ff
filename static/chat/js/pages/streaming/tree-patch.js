/**
 * Makes the page show a tree, touching only what differs from the tree that it shows: words that are read or selected
 * stay the same nodes, text grows at its end.
 */

import { CodeBlock } from "../code/code-blocks.js";
import { node as made } from "../markdown/markdown-tree.js";

/** @typedef {import("../markdown/markdown-tree.js").Node} Node */

/**
 * @param {Element} parent
 * @param {readonly Node[]} before what its children show
 * @param {readonly Node[]} after
 */
export function patchChildren(parent, before, after) {
  after.forEach((node, at) => {
    const old = before[at];
    if (!old) parent.append(create(node));
    else if (isSameKind(old, node)) patch(old, node);
    else old.dom.replaceWith(create(node));
  });
  for (const gone of before.slice(after.length)) gone.dom.remove();
}

/**
 * Puts words behind what an element shows, a line break for each line end.
 * @param {Node} parent
 * @param {string} words
 */
export function appendWords(parent, words) {
  words.split("\n").forEach((line, at) => {
    const last = parent.children.at(-1);
    if (at === 0 && last && last.tag === "") {
      last.text += line;
      last.dom.appendData(line);
    } else {
      const added = [...(at > 0 ? [made("br")] : []), ...(line ? [made("", {}, line)] : [])];
      parent.children.push(...added);
      parent.dom.append(...added.map(create));
    }
  });
}

/** @param {Node} node @returns {globalThis.Node} */
function create(node) {
  if (node.tag === "") node.dom = document.createTextNode(node.text);
  else if (node.tag === "code-block") {
    node.block = CodeBlock.create(node.attributes.language, node.text);
    node.dom = node.block.element;
  } else {
    const element = document.createElement(node.tag);
    for (const [name, value] of Object.entries(node.attributes)) element.setAttribute(name, value);
    element.append(...node.children.map(create));
    node.dom = element;
  }
  return node.dom;
}

/** @param {Node} old @param {Node} node */
function isSameKind(old, node) {
  const names = Object.keys(node.attributes);
  return (
    old.tag === node.tag &&
    Object.keys(old.attributes).length === names.length &&
    names.every((name) => old.attributes[name] === node.attributes[name])
  );
}

/** @param {Node} old @param {Node} node */
function patch(old, node) {
  node.dom = old.dom;
  node.block = old.block;
  if (node.block) node.block.setText(node.text);
  else if (node.tag) patchChildren(node.dom, old.children, node.children);
  else if (old.text !== node.text) {
    if (node.text.startsWith(old.text)) node.dom.appendData(node.text.slice(old.text.length));
    else node.dom.data = node.text;
  }
}

/** Puts one tree in the place of another. @param {Element} root @param {any} before @param {any} after */
export function replaceIn(root, before, after) {
  const place = document.createComment("");
  const holder = document.createElement("div");
  before.dom.replaceWith(place);
  holder.append(before.dom);
  patchChildren(holder, [before], [after]);
  place.replaceWith(after.dom);
}
