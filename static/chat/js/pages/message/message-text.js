/**
 * The text of a reply in the page: streamed here, or as the server has rendered it. What has streamed stays when the
 * reply ends; the server's HTML is for those who come later, for a text so long that it was shown in parts, and for one
 * that the server does not format.
 */

import { isOwnRoom } from "../base/own-links.js";
import { dressCodeBlocks } from "../code/code-blocks.js";
import { el } from "../base/dom.js";
import { PacedText } from "./paced-text.js";
import { putSanitised } from "./sanitised-html.js";

/** @type {Promise<any> | null} */
let loading = null;
/** @type {typeof import("../streaming/streaming-markdown.js").StreamingMarkdown | null} */
let Markdown = null;

/** Offline, the text is shown as it is, and the formatter asked for again after this. */
const RETRY_MS = 10_000;

/** The formatter is fetched when a reply first streams. */
function load() {
  loading ??= import("../streaming/streaming-markdown.js").then(
    (module) => (Markdown = module.StreamingMarkdown),
    () => setTimeout(() => (loading = null), RETRY_MS),
  );
  return loading;
}

export class MessageText {
  /** @type {import("../streaming/streaming-markdown.js").StreamingMarkdown | null} */
  #markdown = null;
  /** @type {PacedText | null} */
  #paced = null;
  /** What it shows or is about to show. @type {string | null} */
  #text = null;
  #isFinal = true;
  element = el("div", { class: "prose", dir: "auto", "data-testid": "reply-text" });

  /** @param {string} text that is still being written */
  stream(text) {
    this.#isFinal = false;
    load();
    if (this.#paced === null && text) this.#begin(text);
    else this.#set(text, false);
  }

  /** @param {string} content all of it @param {string} [html] the server's */
  end(content, html) {
    const isSame = content === this.#text;
    if (isSame && this.#isFinal) return;
    // To put the parts together here would read all of it at once, which takes longer than the browser's own parser.
    const wasStreamed = this.#paced !== null && content.startsWith(this.#text ?? "") && !this.#markdown?.isParted;
    this.#isFinal = true;
    if (html !== undefined && (isAsWritten(html) || !(wasStreamed && this.#text))) this.#put(content, html);
    else if (this.#text === null) this.#begin(content);
    else this.#set(content, true);
  }

  destroy() {
    this.#paced?.end();
  }

  /** What is there already, when the row comes into the page, needs no animation. @param {string} text */
  #begin(text) {
    this.#set(text, this.#isFinal);
    if (Markdown) this.#paced?.flush();
    else load().then(() => this.#paced?.flush());
  }

  /** @param {string} text @param {boolean} isFinal */
  #set(text, isFinal) {
    this.#text = text;
    this.#paced ??= new PacedText((shown, isLast) => this.#draw(shown, isLast));
    this.#paced.set(text, isFinal);
  }

  /** @param {string} text @param {boolean} isLast */
  #draw(text, isLast) {
    if (!Markdown) {
      // Only when there is no formatter: its marks would stand in the text for a moment, and then go.
      load().then(() => (Markdown ? this.#paced?.flush() : this.#drawPlain(text)));
      return;
    }
    if (!this.#markdown) {
      this.element.classList.remove("is-plain");
      this.element.replaceChildren();
      this.#markdown = new Markdown(this.element);
    }
    this.#markdown.show(text, isLast);
  }

  /** @param {string} text */
  #drawPlain(text) {
    this.element.classList.add("is-plain");
    this.element.textContent = text;
  }

  /** @param {string} content @param {string} html */
  #put(content, html) {
    this.#paced?.end();
    this.#paced = this.#markdown = null;
    this.#text = content;
    this.element.classList.remove("is-plain");
    showRendered(this.element, html);
  }
}

/** Has the server given up formatting it? Then the page does not format it, either. @param {string} html */
const isAsWritten = (html) => html.startsWith('<p class="as-written">');

/** @param {HTMLElement} prose @param {string} html from the server */
export function showRendered(prose, html) {
  putSanitised(prose, html);
  for (const link of prose.querySelectorAll("a[href]:not([href^='#'])"))
    if (!isOwnRoom(link.getAttribute("href") ?? "")) link.setAttribute("target", "_blank");
  dressCodeBlocks(prose);
}
