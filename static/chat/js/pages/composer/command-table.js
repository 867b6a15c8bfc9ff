/**
 * The commands of the composer, `/topic` and the like: what each takes, who may do it, and what it does. And reading a
 * text as one of them. Pure but for `run`.
 */

import { nameInText } from "../people/shown-name.js";

/**
 * @typedef {object} Facts of the room and the one who writes
 * @property {string | null} role
 * @property {{kind: string}} room
 *
 * @typedef {object} Hands with which a command works
 * @property {string} slug of the room
 * @property {import("../../client/requests.d.ts").SendRequest} request
 * @property {(text: string) => void} say shows a sentence
 * @property {(href: string) => void} go leaves the page
 * @property {(text: string) => void} write puts a text into the composer
 *
 * @typedef {object} Command
 * @property {string} name
 * @property {string} [takes] what stands behind the name; without it, nothing may
 * @property {RegExp} [fits] what is taken; anything if not given
 * @property {string} does
 * @property {string} [asks] a question that the person must confirm first
 * @property {(facts: Facts) => boolean} may
 * @property {(hands: Hands, argument: string) => Promise<unknown> | void} run
 */

/** @param {Facts} facts */
const moderates = ({ role, room }) => (role === "owner" || role === "moderator") && room.kind !== "direct";
/** @param {boolean} muted @param {string} sentence @returns {(hands: Hands) => Promise<void>} */
const mute = (muted, sentence) => async ({ slug, request, say }) => {
  await request("mute_room", { room: slug, muted });
  say(sentence);
};

/** @type {readonly Command[]} */
export const COMMANDS = [
  {
    name: "topic", takes: "TEXT", does: "Change the topic", may: moderates,
    run: ({ slug, request }, topic) => request("update_room", { room: slug, topic }),
  },
  {
    name: "rename", takes: "NAME", does: "Rename this room", may: moderates,
    run: ({ slug, request }, name) => request("update_room", { room: slug, name }),
  },
  {
    name: "invite", takes: "NAME", fits: /^@?[\w.-]+$/, does: "Add someone to this room", may: moderates,
    run: async ({ slug, request, say }, name) => {
      const { user, pending } = await request("add_member", { room: slug, user: name.replace("@", "").toLowerCase() });
      say(pending ? `${nameInText(user)} has an invitation now.` : `${nameInText(user)} is in this room now.`);
    },
  },
  {
    name: "search", takes: "WORDS", does: "Search in this room", may: () => true,
    run: ({ slug, go }, words) => go(`/search?room=${slug}&q=${encodeURIComponent(words)}`),
  },
  {
    name: "mute", does: "Mute this room", may: ({ role }) => role !== null,
    run: mute(true, "You will not be notified."),
  },
  {
    name: "unmute", does: "Notify me about this room again", may: ({ role }) => role !== null,
    run: mute(false, "You will be notified again."),
  },
  {
    name: "leave", does: "Leave this room", asks: "Leave this room?",
    may: ({ role, room }) => role !== null && room.kind !== "direct",
    run: async ({ slug, request, go }) => {
      await request("quit_room", { room: slug });
      go("/rooms/");
    },
  },
  // The sign alone opens the list.
  { name: "help", does: "List the commands", may: () => true, run: ({ write }) => write("/") },
];

/**
 * One space alone leads to the argument: a run of them, tried at each length, would hold the page at a pasted megabyte.
 */
const ONE_LINE = /^(\/{1,2})([a-z]+)(?:[^\S\n]([^\n]*))?$/i;

/**
 * @param {string} typed what a name begins with
 * @param {Facts} facts
 * @returns {readonly Command[]} that may be done here
 */
export function commandsLike(typed, facts) {
  return COMMANDS.filter(({ name, may }) => name.startsWith(typed.toLowerCase()) && may(facts));
}

/**
 * What a text is: a command to do; one that cannot be done, and why; or a message, of which `//` before the name of a
 * command loses one sign. Whatever is no command is a message, to the letter.
 * @param {string} text
 * @param {Facts} facts
 * @returns {{command: Command, argument: string} | {problem: string} | {message: string}}
 */
export function readCommand(text, facts) {
  const [, signs, word, after = ""] = ONE_LINE.exec(text.trimEnd()) ?? [];
  const command = COMMANDS.find(({ name }) => name === word?.toLowerCase());
  if (!command) return { message: text };
  if (signs === "//") return { message: text.slice(1) };
  const argument = after.trim();
  const { name, takes, fits, may } = command;
  const escape = `To send it as a message, begin with //${name}.`;
  if (!may(facts)) return { problem: `You may not use /${name} here. ${escape}` };
  if (takes ? argument === "" || !(fits ?? /^/).test(argument) : argument !== "") {
    return { problem: `Write /${name}${takes ? ` ${takes}` : " alone"}. ${escape}` };
  }
  return { command, argument };
}
