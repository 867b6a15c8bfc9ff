/**
 * Building and finding elements. Text goes in as text, never as HTML; there is no way here to do otherwise.
 */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {string} T
 * @typedef {T extends keyof HTMLElementTagNameMap ? HTMLElementTagNameMap[T] : HTMLElement} Tagged
 */

/**
 * @template {string} T
 * @param {T} tag
 * @param {Record<string, any>} [properties] attributes; `class`; `on…` handlers; null and false are left out
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {Tagged<T>}
 */
export function el(tag, properties = {}, ...children) {
  const element = /** @type {Tagged<T>} */ (document.createElement(tag));
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/**
 * An element that the page has for certain. Throws when it is missing or of another kind: the template has changed.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} [kind] the class of the element; HTMLElement when left out
 * @returns {T}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof (kind ?? HTMLElement))) throw new Error(`The page has no ${selector}.`);
  return /** @type {T} */ (found);
}

/** @param {ParentNode} root @param {string} selector @returns {HTMLElement[]} */
export function findAll(root, selector) {
  return [.../** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(selector))];
}

/**
 * The element with this id, under the same conditions as `find`.
 * @template {Element} [T=HTMLElement]
 * @param {string} id
 * @param {new () => T} [kind]
 * @returns {T}
 */
export function byId(id, kind) {
  return find(document, `#${id}`, kind);
}

/**
 * Those of a list that are there: lists of parts say with `isSo && part` which are wanted.
 * @template T
 * @param {readonly (T | null | undefined | false | "" | 0)[]} list
 * @returns {T[]}
 */
export function present(list) {
  return /** @type {T[]} */ (list.filter(Boolean));
}

/**
 * The nearest element around the target of an event, or the target itself.
 * @param {Event} event
 * @param {string} selector
 * @returns {HTMLElement | null}
 */
export function closest({ target }, selector) {
  return target instanceof Element ? target.closest(selector) : null;
}

/**
 * @param {string} name of a symbol in templates/chat/_icons.html
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** @param {string} name @param {string} label @param {Record<string, any>} [properties] */
export function iconButton(name, label, properties = {}) {
  const { class: extra = "", ...more } = properties;
  const button = { type: "button", class: `icon-button ${extra}`.trim(), "aria-label": label, title: label, ...more };
  return el("button", button, icon(name));
}

/** @param {Element} element @param {string} name @param {any} value null and false take the attribute away */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value))
    element.setAttribute(name, value === true ? "" : String(value));
}

/**
 * Makes these the children, in this order. Those that stay are not touched: a moved element loses focus and selection.
 * @param {Element} parent
 * @param {readonly Element[]} children
 */
export function setChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  children.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

/** @param {string} id of a json_script element */
export function pageData(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "null");
}
