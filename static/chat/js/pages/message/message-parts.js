/**
 * The pieces of a message row: each function draws one. They keep nothing.
 */

import { spokenAttachments } from "./attachment-parts.js";
import { dayLabel, fullLabel, shortTimeLabel, timeLabel } from "../base/dates.js";
import { el } from "../base/dom.js";
import { listOfNames, personName } from "../people/names.js";
import { fullNameInText, handle, nameInText } from "../people/shown-name.js";
import { renderedOrWritten } from "../../client/rooms/rendered-text.js";
import { isOpen } from "../../client/streams/stream-state.js";
import { showRendered } from "./message-text.js";
import { endingWords, modelWords, progressWords } from "./reply-words.js";

/** @typedef {import("./item.js").Item} Item */

const UNNAMED = "someone";
/** More of a reply is read by going into it. */
const SPOKEN_REPLY_CHARS = 300;

/** The user name of its author, by which it is known. @param {Item} item */
export const usernameOf = (item) => item.author?.username ?? UNNAMED;

/** @param {Item} item @returns {HTMLElement[]} */
export function separators(item) {
  const lines = [];
  if (item.day !== null)
    lines.push(el("div", { class: "day-line", role: "separator" }, el("span", {}, dayLabel(item.day))));
  if (item.firstUnread) {
    lines.push(el("div", { class: "new-line", role: "separator", "data-testid": "unread-line" }, "New messages"));
  }
  if (item.contextLine) {
    const before = item.contextLine === "summarised" ? ", and what was before as a summary" : "";
    const words = `Claude sees from here${before}`;
    lines.push(
      el("div", { class: "context-line", role: "separator", "data-testid": "context-line" }, el("span", {}, words)),
    );
  }
  return lines;
}

/** @param {Item} item @param {"gutter-time" | "message-time"} className */
export function time(item, className) {
  const ms = item.message.createdAt;
  const label = className === "gutter-time" ? shortTimeLabel(ms) : timeLabel(ms);
  const element = el("time", { datetime: new Date(ms).toISOString(), title: fullLabel(ms) }, label);
  if (!item.seq) return el("span", { class: className }, element);
  return el("a", { class: className, href: `?seq=${item.seq}`, tabindex: "-1", "data-go-to": item.seq }, element);
}

/** Tells the times in a row again: another day or time zone has come. @param {Element} root @param {Item} item */
export function retellTimes(root, item) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const ms = Date.parse(element.getAttribute("datetime") ?? "");
    element.textContent = element.closest(".gutter-time") ? shortTimeLabel(ms) : timeLabel(ms);
    element.setAttribute("title", fullLabel(ms));
  }
  if (item.message.editedAt) root.querySelector(".edited")?.setAttribute("title", fullLabel(item.message.editedAt));
}

/** @param {Item} item */
export function head(item) {
  return el(
    "div", { class: "message-head" }, personName(item.author, { class: "author" }), authorHandle(item.author),
    ...replyHead(item.message), time(item, "message-time"),
  );
}

/** @param {Item["author"]} author */
function authorHandle(author) {
  const text = handle(author);
  return text && el("span", { class: "author-handle", "data-testid": "author-handle" }, text);
}

/** Which model replies, and to whom. @param {Item["message"]} message */
function replyHead({ reply, deletedAt }) {
  if (!reply || deletedAt) return [];
  const { demo, requestedBy } = reply;
  return [
    demo
      ? el(
          "span",
          {
            class: "reply-demo", "data-testid": "reply-demo",
            title: "The built-in demo replies: this server has no key for Claude",
          },
          "Demo",
        )
      : el("span", { class: "reply-model", "data-testid": "reply-model" }, modelWords(reply)),
    requestedBy && el("span", { class: "reply-asker", "data-testid": "reply-asker" }, "for ", personName(requestedBy)),
  ];
}

/** @param {Item} item @returns {Record<string, unknown>} attributes of its row */
export function replyFacts({ message: { reply }, stream }) {
  if (!reply) return {};
  const state = isOpen(reply.state) && stream ? stream.state : reply.state;
  return { "data-reply-state": state, "data-version": reply.version, "data-versions": reply.versions };
}

/** @param {NonNullable<Item["quote"]>} quote */
export function quote({ seq, author, excerpt, deleted }) {
  return el(
    "a",
    { class: "quote", href: `?seq=${seq}`, "data-go-to": seq, "data-testid": "quote" },
    el("b", {}, personName(author)),
    el("span", { class: "truncate", dir: "auto" }, deleted ? "Message deleted" : excerpt),
  );
}

/** @param {Item} item */
export function body(item) {
  const { message } = item;
  if (item.deleting) {
    const undo = el("button", { class: "link-button", type: "button", "data-do": "undo-delete" }, "Undo");
    return el("p", { class: "tombstone" }, "Message deleted. ", undo);
  }
  if (message.deletedAt) return el("p", { class: "tombstone" }, "Message deleted");
  if (item.state !== "stored") return el("div", { class: "prose is-plain", dir: "auto" }, message.content);
  const prose = el("div", { class: "prose", dir: "auto" });
  showRendered(prose, message.html ?? "");
  if (message.editedAt) {
    const edited = el("span", { class: "edited", title: fullLabel(message.editedAt) }, "(edited)");
    (prose.lastElementChild?.tagName === "P" ? prose.lastElementChild : prose).append(edited);
  }
  return prose;
}

/** So many people are named on a reaction; further ones are counted. */
const NAMED = 20;

/** @param {Item} item @param {string} myId @param {import("./own-reactions.js").OwnReactions} own */
export function reactions(item, myId, own) {
  const message = /** @type {import("../../protocol.d.ts").Message} */ (item.message);
  const list = message.reactions ?? [];
  if (!list.length || item.deleting) return null;
  return el(
    "div",
    { class: "reactions" },
    ...list.map((reaction) => {
      const { emoji, users, count = users.length } = reaction;
      const isMine = own.has(message, reaction);
      const isNamed = users.some((user) => user.id === myId);
      const others = count - Math.min(users.length, NAMED) - (isMine && !isNamed ? 1 : 0);
      const names = (/** @type {(user: import("../../protocol.d.ts").UserRef) => string} */ called) =>
        listOfNames([
          ...(isMine && !isNamed ? ["you"] : []),
          ...users.slice(0, NAMED).map((user) => (user.id === myId ? "you" : called(user))),
          ...(others > 0 ? [others === 1 ? "1 other" : `${others} others`] : []),
        ]);
      const properties = {
        type: "button", class: "reaction", "data-do": "toggle-reaction", "data-emoji": emoji, "data-testid": "reaction",
        "aria-pressed": String(isMine), "aria-label": `${emoji} by ${names(nameInText)}`, title: names(fullNameInText),
      };
      return el("button", properties, el("span", {}, emoji), el("span", {}, String(count)));
    }),
  );
}

/** @param {Item} item */
export function failure(item) {
  if (item.state !== "failed") return null;
  return el(
    "div",
    { class: "failure", role: "alert" },
    el("span", {}, `Not sent. ${"error" in item.message ? (item.message.error?.message ?? "") : ""}`.trim()),
    el("button", { class: "link-button", type: "button", "data-do": "resend", "data-testid": "resend" }, "Resend"),
    el("button", { class: "link-button", type: "button", "data-do": "revise", "data-testid": "revise" }, "Edit"),
    el("button", { class: "link-button", type: "button", "data-do": "discard", "data-testid": "discard" }, "Discard"),
  );
}

/** @param {Item} item what happened, as a sentence */
export function eventLine(item) {
  const { kind = "", content, by } = item.message;
  const who = el("b", {}, personName(item.author));
  const what = el("b", {}, by ? personName(by) : el("bdi", {}, content));
  /** @type {Record<string, (string | HTMLElement)[]>} */
  const sentences = {
    join: content ? [who, " was added by ", what] : [who, " joined"],
    leave: content ? [who, " was removed by ", what] : [who, " left"],
    rename: [who, " renamed the room to ", what],
    topic: content ? [who, " changed the topic to ", what] : [who, " took the topic away"],
    archive: [who, " archived the room"],
    restore: [who, " restored the room"],
    owner: [who, " became an owner: the room had none left"],
  };
  return el("span", {}, ...(sentences[kind] ?? [who, ` ${kind} `, what]));
}

/** One sentence for screen readers. @param {Item} item */
export function spoken(item) {
  const { message } = item;
  const text = message.deletedAt
    ? "message deleted"
    : [message.reply ? spokenReply(message, message.reply) : renderedOrWritten(message), spokenAttachments(message)]
        .filter(Boolean)
        .join(", ");
  const state = { sending: ", not sent yet", failed: ", not sent", stored: "" }[item.state];
  return `${nameInText(item.author)}, ${timeLabel(message.createdAt)}${state}: ${text}`;
}

/** @param {Item["message"]} message @param {import("../../protocol.d.ts").Reply} reply */
function spokenReply({ content, html }, reply) {
  if (isOpen(reply.state)) return progressWords(reply.state, false);
  const ending = endingWords(reply, content)?.text ?? "";
  return [renderedOrWritten({ content, html }).trim().slice(0, SPOKEN_REPLY_CHARS), ending].filter(Boolean).join(". ");
}
