/**
 * How people and rooms are called and drawn. chat/templatetags/people.py does the same on the server.
 */

import { CLAUDE } from "./claude-state.js";
import { el, icon } from "./dom.js";

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
  for (const character of name) value = (value * 31 + character.codePointAt(0)) % 65_536;
  return value % HUES;
}

/** @param {string} username @param {{size?: "" | "s" | "l", title?: string}} [options] */
export function avatar(username, { size = "", title } = {}) {
  if (username === CLAUDE) return el("span", { class: `avatar avatar-claude${size && ` avatar-${size}`}`, "aria-hidden": "true", title }, icon("session"));
  const classes = `avatar hue-${hue(username)}${size && ` avatar-${size}`}`;
  return el("span", { class: classes, "aria-hidden": "true", title }, initials(username));
}

/** @param {{name: string, kind: string, members?: {id: string, username: string}[]}} room @param {string} myId */
export function roomTitle(room, myId) {
  if (room.kind !== "direct" || !room.members) return room.name;
  return room.members.filter((person) => person.id !== myId).map((person) => person.username).join(", ") || room.name;
}

/** @param {{kind: string}} room @param {string} title */
export function roomMark(room, title) {
  return room.kind === "direct" ? avatar(title, { size: "s" }) : icon(room.kind);
}

/** @param {number} count the server stops counting at a hundred */
export const countText = (count) => (count > 99 ? "99+" : String(count));

/** @param {string[]} names */
export function listOfNames(names) {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
