/**
 * How people and rooms are called and drawn. chat/templatetags/people.py does the same on the server.
 */

import { el, icon } from "../base/dom.js";
import { CLAUDE, shownName } from "./shown-name.js";

const HUES = 12;

/** @param {string} name */
export function initials(name) {
  const words = name.replace(/[_.-]/g, " ").split(/\s+/).filter(Boolean).map((word) => [...word]);
  if (!words.length) return "?";
  return words.length > 1 ? words[0][0] + words[1][0] : words[0].slice(0, 2).join("");
}

/** @param {string} name */
export function hue(name) {
  let value = 0;
  for (const character of name) value = (value * 31 + (character.codePointAt(0) ?? 0)) % 65_536;
  return value % HUES;
}

/** @param {string} username @param {{size?: "" | "s" | "l", title?: string}} [options] */
export function avatar(username, { size = "", title } = {}) {
  if (username === CLAUDE)
    return el(
      "span", { class: `avatar avatar-claude${size && ` avatar-${size}`}`, "aria-hidden": "true", title },
      icon("session"),
    );
  const classes = `avatar hue-${hue(username)}${size && ` avatar-${size}`}`;
  return el("span", { class: classes, "aria-hidden": "true", title }, initials(username));
}

/**
 * Their name, with the user name as its tooltip.
 * @param {import("../../protocol.d.ts").UserRef | null | undefined} person
 * @param {Record<string, any>} [properties]
 */
export function personName(person, properties = {}) {
  return el("bdi", { title: person && `@${person.username}`, ...properties }, shownName(person));
}

/** @typedef {{name: string, kind: string, members?: import("../../protocol.d.ts").UserRef[]}} TitledRoom */

/** @param {TitledRoom} room @param {string} myId */
export const roomTitle = (room, myId) => othersIn(room, myId).map(shownName).join(", ") || room.name;

/** The user name of the other person of a direct room, or "". @param {TitledRoom} room @param {string} myId */
export const roomUsername = (room, myId) => othersIn(room, myId)[0]?.username ?? "";

/** @param {TitledRoom} room @param {string} myId */
function othersIn({ kind, members }, myId) {
  return kind === "direct" && members ? members.filter((person) => person.id !== myId) : [];
}

/** @param {TitledRoom} room @param {string} myId @param {{size?: "s" | "l"}} [options] */
export function roomMark(room, myId, { size = "s" } = {}) {
  return room.kind === "direct" ? avatar(roomUsername(room, myId) || room.name, { size }) : icon(room.kind);
}

/** @param {number} count the server stops counting at a hundred */
export const countText = (count) => (count > 99 ? "99+" : String(count));

/** @param {string[]} names */
export function listOfNames(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
