/**
 * How people are called in what is read: by their display name, else by their user name. For mentions, commands and
 * addresses there is only the user name. Pure. chat/shown_names.py does the same on the server.
 */

/** @typedef {{username: string, displayName?: string}} Person a reference from the server */

/** The user name that Claude writes under. No one else can have it. */
export const CLAUDE = "claude";
const UNNAMED = "someone";
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

/** @param {Person | null | undefined} person */
export const isClaude = (person) => person?.username === CLAUDE;

/** @param {Person | null | undefined} person null: an account that is gone */
export const shownName = (person) => person?.displayName || person?.username || UNNAMED;

/**
 * `@username` where the shown name is another word, so that it could be taken for someone else's; else "".
 * @param {Person | null | undefined} person
 */
export const handle = (person) =>
  person?.displayName && person.displayName.toLowerCase() !== person.username ? `@${person.username}` : "";

/** For the middle of a plain text: a name from right to left must not turn the words around it. @param {string} text */
export const isolated = (text) => (RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text);

/** @param {Person | null | undefined} person */
export const nameInText = (person) => isolated(shownName(person));

/** For a tooltip, where it is not seen who it is. @param {Person} person */
export const fullNameInText = (person) =>
  [nameInText(person), handle(person) && `(${handle(person)})`].filter(Boolean).join(" ");
