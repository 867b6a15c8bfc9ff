/**
 * The one place where HTML enters the page: what the server has sanitised (`message.html` and search excerpts). Never
 * hand it anything that was made in the browser.
 */

const policy = globalThis.trustedTypes?.createPolicy("parley-sanitised", { createHTML: (html) => html });

/**
 * @param {Element} element
 * @param {string} html from the server
 */
export function putSanitised(element, html) {
  element.innerHTML = policy ? policy.createHTML(html) : html;
}
