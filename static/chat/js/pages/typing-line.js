/**
 * Says who is typing.
 */

import { el } from "./dom.js";
import { listOfNames } from "./names.js";

const NAMED_AT_MOST = 3;

/** @param {HTMLElement} root @param {readonly {username: string}[]} typing */
export function showTyping(root, typing) {
  const names = typing.map((user) => user.username);
  const who = names.length > NAMED_AT_MOST ? "Several people" : listOfNames(names);
  const text = names.length ? `${who} ${names.length > 1 ? "are" : "is"} typing…` : "";
  if (root.dataset.text === text) return;
  root.dataset.text = text;
  const dots = el("span", { class: "typing-dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  root.replaceChildren(...(text ? [dots, el("bdi", {}, text)] : []));
}
