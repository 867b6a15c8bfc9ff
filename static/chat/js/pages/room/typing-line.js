/**
 * The line under the composer: who is typing; in a session, who wrote the shared text last; else a hint.
 */

import { el } from "../base/dom.js";
import { listOfNames } from "../people/names.js";
import { fullNameInText, nameInText } from "../people/shown-name.js";

const NAMED_AT_MOST = 3;

/**
 * @param {HTMLElement} root
 * @param {{typing: readonly import("../people/shown-name.js").Person[], session: boolean, draftBy?: string,
 *   hint?: string}} facts
 *   draftBy: who else wrote last what stands in the composer
 */
export function showTyping(root, { typing, session, draftBy = "", hint = "" }) {
  const names = typing.map(nameInText);
  const who = names.length > NAMED_AT_MOST ? "Several people" : listOfNames(names);
  // What they type in a session stands in this composer too.
  const what = `${names.length > 1 ? "are" : "is"} ${session ? "writing here" : "typing…"}`;
  const quiet = draftBy ? `${draftBy} wrote this last` : hint;
  const text = names.length ? `${who} ${what}` : quiet;
  if (root.dataset.text === text) return;
  root.dataset.text = text;
  root.title = listOfNames(typing.map(fullNameInText));
  const dots = el("span", { class: "typing-dots", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
  root.replaceChildren(...(names.length ? [dots] : []), ...(text ? [el("span", {}, text)] : []));
}
