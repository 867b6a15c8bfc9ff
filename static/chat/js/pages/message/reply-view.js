/**
 * A reply of Claude below its head: its thinking, the tools it used, its text, how it ended, and what can be done with
 * it. The parts stay the same elements while it streams.
 */

import { isOpen } from "../../client/streams/stream-state.js";
import { copy } from "../code/code-blocks.js";
import { el, present, setAttribute, setChildren } from "../base/dom.js";
import { MessageText } from "./message-text.js";
import * as words from "./reply-words.js";

/** @typedef {import("./item.js").Item} Item */
/** @typedef {import("../../client/state.d.ts").Stream} Stream */

export class ReplyView {
  /** @type {Item} */
  #item;
  /** @type {Stream | null} */
  #stream = null;
  #text = new MessageText();
  #thinking = el("div", { class: "reply-thinking-text", dir: "auto" });
  #thinkingTitle = el("span");
  #details = el(
    "details", { class: "reply-thinking", "data-testid": "reply-thinking" }, el("summary", {}, this.#thinkingTitle),
    this.#thinking,
  );
  #tools = el("ul", { class: "reply-tools", "data-testid": "reply-tools" });
  /** What each of its lines was drawn from. @type {string[]} */
  #toolsDrawn = [];
  #lookupsTitle = el("summary");
  #lookups = el(
    "details", { class: "reply-lookups", "data-testid": "reply-lookups" }, this.#lookupsTitle, this.#tools,
  );
  /** @type {boolean | null} whether the lookups stand below the text */
  #areBelow = null;
  #foot = el("div", { class: "reply-foot" });
  /** @type {Record<string, unknown>} what the foot was drawn from */
  #footFacts = {};
  /** When this tab saw it begin to think, and how long that took. */
  #thinkingSince = 0;
  /** @type {number | null} */
  #thoughtMs = null;
  #run = "";
  element = el("div", { class: "reply" });

  /** @param {Item} item */
  constructor(item) {
    this.#item = item;
    this.element.append(this.#details, this.#lookups, this.#text.element, this.#foot);
    this.update(item);
  }

  destroy() {
    this.#text.destroy();
  }

  /** @param {Item} item */
  update(item) {
    this.#item = item;
    this.hear(item.stream);
  }

  /** The next words. @param {Stream | null} stream null: the row is the truth */
  hear(stream) {
    this.#stream = isOpen(this.#reply.state) ? stream : null;
    this.#startRun();
    this.#drawThinking();
    this.#drawTools();
    this.#drawText();
    this.#drawFoot();
  }

  /** @param {Element} button */
  copy(button) {
    copy(this.#item.message.content, button);
  }

  get #reply() {
    return /** @type {import("../../protocol.d.ts").Reply} */ (this.#item.message.reply);
  }

  /** Another version or attempt thinks again. */
  #startRun() {
    const { version, attempt } = this.#stream ?? this.#reply;
    const run = `${version}.${attempt}`;
    if (run === this.#run) return;
    this.#run = run;
    this.#thinkingSince = 0;
    this.#thoughtMs = null;
  }

  #drawThinking() {
    const { thinking = "", text } = this.#stream ?? { thinking: this.#reply.thinking, text: "" };
    this.#details.hidden = !thinking;
    if (!thinking) return;
    const isThinking = this.#stream !== null && this.#stream.state === "running" && !text;
    if (isThinking) this.#thinkingSince ||= performance.now();
    else if (this.#thinkingSince) {
      this.#thoughtMs ??= performance.now() - this.#thinkingSince;
    }
    const title = isThinking ? "Thinking…" : words.thoughtWords(this.#thoughtMs);
    if (this.#thinkingTitle.textContent !== title) this.#thinkingTitle.textContent = title;
    grow(this.#thinking, thinking);
  }

  #drawTools() {
    const tools = this.#stream?.tools ?? this.#reply.tools ?? [];
    this.#lookups.hidden = tools.length === 0;
    const isOver = !isOpen(this.#reply.state);
    const lines = tools.map((tool) => JSON.stringify([tool, isOver]));
    for (const [place, tool] of tools.entries()) {
      if (lines[place] === this.#toolsDrawn[place]) continue;
      const [line, drawn] = [toolLine(tool, isOver), this.#tools.children[place]];
      if (drawn) drawn.replaceWith(line);
      else this.#tools.append(line);
    }
    while (this.#tools.children.length > tools.length) this.#tools.lastElementChild?.remove();
    this.#toolsDrawn = lines;
    this.#placeLookups(isOver, tools.length);
  }

  /**
   * Above the text while it comes, each on its line; afterwards below it, and folded where they are several.
   * @param {boolean} isOver
   * @param {number} count
   */
  #placeLookups(isOver, count) {
    if (isOver === this.#areBelow || this.#lookups.contains(document.activeElement)) return;
    this.#areBelow = isOver;
    if (isOver) this.#foot.before(this.#lookups);
    else this.#text.element.before(this.#lookups);
    const isFolded = isOver && count > 1;
    this.#lookupsTitle.textContent = `Looked things up ${count} times`;
    this.#lookupsTitle.hidden = !isFolded;
    this.#lookups.toggleAttribute("open", !isFolded);
  }

  #drawText() {
    const { content, html } = this.#item.message;
    if (this.#stream) this.#text.stream(this.#stream.text);
    else if (isOpen(this.#reply.state)) this.#text.stream(content);
    else this.#text.end(content, html);
    setAttribute(this.#text.element, "aria-busy", isOpen(this.#reply.state) ? "true" : null);
    this.#text.element.hidden = !(this.#stream?.text || content);
  }

  #drawFoot() {
    const reply = this.#reply;
    const state = isOpen(reply.state) ? (this.#stream?.state ?? reply.state) : reply.state;
    const hasText = Boolean(this.#stream?.text);
    const facts = { reply, state, hasText, content: Boolean(this.#item.message.content), mayAct: this.#item.mayAct };
    if (Object.entries(facts).every(([name, value]) => this.#footFacts[name] === value)) return;
    this.#footFacts = facts;
    const focused = this.#foot.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-testid")
      : null;
    setChildren(this.#foot, isOpen(reply.state) ? [progress(state, hasText)] : ended(this.#item));
    if (focused) this.#keepFocus(focused);
  }

  /**
   * A reader who steps through versions by keyboard stays where they were; one who asks again, at the reply.
   * @param {string} testId
   */
  #keepFocus(testId) {
    const again = this.#foot.querySelector(`[data-testid="${testId}"]:enabled`) ?? this.element.closest("article");
    /** @type {HTMLElement | null} */ (again)?.focus({ preventScroll: true });
  }
}

/** @param {HTMLElement} element with one text in it @param {string} text */
function grow(element, text) {
  const shown = element.firstChild;
  if (shown instanceof Text && text.startsWith(shown.data)) {
    if (text.length > shown.data.length) shown.appendData(text.slice(shown.data.length));
  } else element.textContent = text;
}

/** @param {import("../../protocol.d.ts").ToolUse} tool @param {boolean} isOver whether the reply has ended */
function toolLine(tool, isOver) {
  const what = el("b", {}, words.toolWords(tool, isOver));
  const parts = [
    what, tool.input && ": ", tool.input && el("bdi", { class: "reply-tool-input" }, tool.input),
    tool.result && " → ", tool.result && el("bdi", {}, tool.result),
  ];
  const pages = (tool.pages ?? []).map(pageLink);
  const folded = pages.length > 0 && foldedPages(pages);
  return el("li", { "data-testid": "reply-tool", title: tool.result || null }, ...parts, folded);
}

/** @param {HTMLElement[]} links */
const foldedPages = (links) =>
  el(
    "details", { class: "reply-pages", "data-testid": "reply-pages" },
    el("summary", {}, links.length === 1 ? "1 page" : `${links.length} pages`),
    el("ul", {}, ...links.map((link) => el("li", {}, link))),
  );

/** @param {import("../../protocol.d.ts").WebPage} page */
function pageLink({ title, url }) {
  const site = words.siteOf(url);
  if (!site) return el("bdi", {}, title);
  return el(
    "a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, el("b", {}, site),
    title && " ", title && el("bdi", {}, title),
  );
}

/** @param {string} state @param {boolean} hasText */
function progress(state, hasText) {
  // While words come they are what moves: an animation beside them would keep the browser drawing frames of its own.
  const dots =
    state === "queued"
      ? null
      : el(
          "span", { class: hasText ? "reply-dots" : "reply-dots is-moving", "aria-hidden": "true" }, el("i"),
          el("i"), el("i"),
        );
  return el(
    "span", { class: "reply-progress", "data-testid": "reply-progress" }, dots, words.progressWords(state, hasText),
  );
}

/** @param {Item} item @returns {HTMLElement[]} */
function ended({ message, mayAct }) {
  const reply = /** @type {import("../../protocol.d.ts").Reply} */ (message.reply);
  const ending = words.endingWords(reply, message.content);
  const usage = words.usageWords(reply);
  const actions = present([
    mayAct && words.mayContinue(reply, message.content) && button("continue-reply", "Continue", "action-continue"),
    mayAct && words.mayRetry(reply) && button("retry-reply", "Retry", "action-retry"),
    message.content && button("copy-reply", "Copy", "action-copy-reply"),
    reply.versions > 1 && versions(reply, mayAct),
  ]);
  return present([
    ending &&
      el(
        "p",
        {
          class: `reply-ending${ending.isError ? " is-error" : ""}`, title: ending.title,
          "data-testid": ending.isError ? "reply-error" : "reply-ending",
        },
        ending.text,
      ),
    actions.length > 0 && el("span", { class: "reply-actions" }, ...actions),
    usage && el("span", { class: "reply-usage", "data-testid": "reply-usage" }, usage),
  ]);
}

/** @param {string} action @param {string} label @param {string} testId */
function button(action, label, testId) {
  return el("button", { type: "button", class: "reply-button", "data-do": action, "data-testid": testId }, label);
}

/** @param {import("../../protocol.d.ts").Reply} reply @param {boolean} mayAct */
function versions({ version, versions: count }, mayAct) {
  /** @param {number} to @param {string} label @param {string} sign @param {string} testId */
  const step = (to, label, sign, testId) =>
    el("button", {
      type: "button", class: "reply-button", "data-do": "show-version", "data-version": to, "data-testid": testId,
      "aria-label": label, disabled: !mayAct || to < 1 || to > count,
    }, sign);
  return el(
    "span",
    { class: "reply-versions", role: "group", "aria-label": "Versions of this reply" },
    step(version - 1, "Earlier version", "‹", "version-prev"),
    el("span", { class: "version-label", "data-testid": "version-label" }, `${version} / ${count}`),
    step(version + 1, "Later version", "›", "version-next"),
  );
}
