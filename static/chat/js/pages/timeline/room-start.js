/**
 * What stands above the first message: that the room begins here, and what to do first in an empty one.
 */

import { loadingLine } from "./timeline.js";
import { el, icon } from "../base/dom.js";
import { avatar } from "../people/names.js";
import { isolated } from "../people/shown-name.js";

/**
 * @param {HTMLElement} root
 * @param {{loaded: boolean, offline: boolean, hasMore: boolean, empty: boolean, room: {slug: string, kind: string,
 *   topic?: string}, title: string, username: string, moderates: boolean}} view
 *   username: of the other person, in a direct room
 */
export function showStart(root, view) {
  const signature = JSON.stringify(view);
  if (root.dataset.shown === signature) return;
  root.dataset.shown = signature;
  root.hidden = false;
  const words = loadingWords(view);
  if (words) return root.replaceChildren(loadingLine(words));
  const mark =
    view.room.kind === "direct"
      ? avatar(view.username || view.title, { size: "l" })
      : el("span", { class: "avatar avatar-l hue-5", "aria-hidden": "true" }, icon(view.room.kind));
  const invite =
    view.moderates &&
    view.room.kind !== "direct" &&
    el("a", { class: "button button-small", href: `/rooms/${view.room.slug}/invite` }, "Invite people");
  root.replaceChildren(
    mark, el("h2", {}, el("bdi", {}, view.title)),
    el("p", {}, sentence(view)),
    view.empty && invite ? el("div", { class: "cluster" }, invite) : "",
  );
}

/** @param {{loaded: boolean, offline: boolean, hasMore: boolean}} view @returns {string} "" when all is there */
function loadingWords({ loaded, offline, hasMore }) {
  if (loaded && !hasMore) return "";
  const what = loaded ? "earlier messages" : "messages";
  return offline ? `You're offline. The ${what} load when you're connected again.` : `Loading ${what}…`;
}

/** @param {{room: {kind: string}, empty: boolean, title: string}} view */
function sentence({ room, empty, title }) {
  if (room.kind === "direct")
    return `This is the beginning of your conversation with ${isolated(title)}.${empty ? " Say hello." : ""}`;
  if (room.kind === "session")
    return empty
      ? "Ask Claude something. Everyone in this session sees the reply as it is written, " +
          "and shares the text you write below."
      : "This is the beginning of the session.";
  return empty ? "No messages yet. Write the first one." : "This is the beginning of the room.";
}
