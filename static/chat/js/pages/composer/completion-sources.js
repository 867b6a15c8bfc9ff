/**
 * What can be completed in a message: the room's people and Claude after `@`, emoji after `:`, commands after a `/` at
 * its beginning.
 */

import { CLAUDE, isClaude } from "../people/shown-name.js";
import { commandsLike } from "./command-table.js";
import { el } from "../base/dom.js";
import { emojiLike } from "../base/emoji.js";
import { searchForm } from "../base/folding.js";
import { avatar } from "../people/names.js";
import { setOf, UNSPACED } from "../markdown/scripts.js";

/** What an @ may stand behind, and begin a name: the same as on the server (chat/markdown/mentions.py). */
const FREE = String.raw`[^@/.\p{L}\p{M}\p{N}]|[\p{Me}\ufe00-\ufe0f${setOf(UNSPACED)}]`;
const AFTER_AT = new RegExp(String.raw`(?:^|${FREE})@([\p{L}\p{M}\p{N}_.-]{0,32})$`, "u");
const AFTER_COLON = /(?:^|\s):([a-z_]{2,20})$/;
const AFTER_SLASH = /^\/([a-z]{0,20})$/i;

/** @typedef {import("../people/people-panel.js").Person} Person */

/**
 * What is known of the room. `callsClaude`: whether a mention is what makes Claude reply here.
 * @typedef {{people: import("../people/room-people.js").RoomPeople, online: Person[],
 *   messages: readonly import("../../protocol.d.ts").Message[], myId: string, callsClaude: boolean}} Known
 */

/**
 * @param {() => Known & import("./command-table.js").Facts} facts
 * @returns {import("./completion.js").Source[]}
 */
export function completionSources(facts) {
  return [
    { pattern: AFTER_AT, find: (typed) => whoLike(typed.toLowerCase(), facts()) },
    { pattern: AFTER_COLON, find: (typed) => emojiLike(typed).map(emojiChoice) },
    { pattern: AFTER_SLASH, find: (typed) => commandsLike(typed, facts()).map(commandChoice) },
  ];
}

/** @param {string} typed @param {Known} facts */
function whoLike(typed, facts) {
  const people = peopleLike(typed, facts).map(personChoice);
  const claude = {
    mark: avatar(CLAUDE, { size: "s" }), label: CLAUDE, hint: "replies to this message", text: `@${CLAUDE}`,
  };
  return facts.callsClaude && CLAUDE.startsWith(typed) ? [claude, ...people] : people;
}

/** Members, and others who have been seen here. @param {string} typed @param {Known} facts @returns {Person[]} */
function peopleLike(typed, { people, online, messages, myId }) {
  /** @type {Map<string, Person>} */
  const known = new Map(people.like(typed).map((person) => [person.id, person]));
  for (const user of [...online, ...messages.map((message) => message.author)]) {
    if (user && !known.has(user.id)) known.set(user.id, user);
  }
  return [...known.values()].filter((person) => person.id !== myId && !isClaude(person) && beginsWith(person, typed));
}

/** As the server looks for members (member_list.py). @param {Person} person @param {string} typed */
function beginsWith({ username, displayName = "" }, typed) {
  return username.startsWith(typed) || ` ${searchForm(username, displayName)}`.includes(` ${searchForm(typed)}`);
}

/** @param {Person} person */
const personChoice = ({ username, displayName }) => ({
  mark: avatar(username, { size: "s" }), label: username, hint: displayName, text: `@${username}`,
});

/** @param {readonly [string, string]} emoji */
const emojiChoice = ([sign, name]) => ({
  mark: el("span", { class: "completion-sign" }, sign), label: `:${name}`, text: sign,
});

/** @param {import("./command-table.js").Command} command */
const commandChoice = ({ name, takes, does }) => ({
  mark: el("span", { class: "completion-sign" }, "/"), label: takes ? `${name} ${takes}` : name, hint: does,
  text: `/${name}`,
});
