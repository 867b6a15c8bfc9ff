/**
 * Who is in the room: a button in the header that says who is here, and the list of everyone beside the timeline.
 */

import { el, find, present } from "../base/dom.js";
import { avatar, listOfNames, personName } from "./names.js";
import { handle, nameInText } from "./shown-name.js";

const FACES = 4;
/** Rows of each list, and names that are spoken: of more people the number is said. */
const LISTED_AT_MOST = 200;
const SPOKEN_AT_MOST = 12;
const OPEN_KEY = "parley.people-open";
/** Here the list stands beside the timeline; narrower, it lies over it. */
export const WIDE = "(min-width: 75.01rem)";

/** @typedef {{id: string, username: string, displayName?: string, role?: string}} Person */

export class PeoplePanel {
  #room;
  #button;
  #list;
  /** What was drawn last: every message redraws the room, and rarely the people. @type {unknown[]} */
  #shown = [];
  #ending = new AbortController();

  /** @param {HTMLElement} room */
  constructor(room) {
    this.#room = room;
    this.#button = find(room, "[data-details-toggle]");
    this.#list = find(room, ".people-list");
    const { signal } = this.#ending;
    this.#button.addEventListener("click", () => this.#open(room.dataset.details !== "open", true), { signal });
    find(room, "[data-details-close]").addEventListener(
      "click", () => (this.#open(false, true), this.#button.focus()), { signal },
    );
    document.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#open(matchMedia(WIDE).matches && recall() !== "no");
  }

  destroy() {
    this.#ending.abort();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || matchMedia(WIDE).matches || this.#room.dataset.details !== "open") return;
    event.preventDefault(); // it closes the list, and does nothing else
    this.#open(false);
  }

  /** @param {boolean} open @param {boolean} [remember] */
  #open(open, remember = false) {
    this.#room.dataset.details = open ? "open" : "closed";
    this.#button.setAttribute("aria-expanded", String(open));
    if (remember && matchMedia(WIDE).matches) keep(open ? "yes" : "no");
  }

  /**
   * @param {{people: Person[], peopleCount: number, online: import("../../protocol.d.ts").OnlineUser[],
   *   onlineCount: number, session: boolean, claude: string, live: boolean}} facts
   *   claude: what it does now, in a few words
   */
  show({ people, peopleCount, online: known, onlineCount, session, claude, live }) {
    const facts = [people, peopleCount, known, onlineCount, session, live, claude];
    if (facts.every((fact, at) => fact === this.#shown[at])) return;
    this.#shown = facts;
    // Without a connection no one can say who is here.
    const online = live ? known : [];
    const count = live ? onlineCount : 0;
    const names = online.map(nameInText);
    const spoken =
      count > SPOKEN_AT_MOST ? [...names.slice(0, SPOKEN_AT_MOST), `${count - SPOKEN_AT_MOST} others`] : names;
    const tabs = online.reduce((sum, user) => sum + user.tabs, 0);
    const inTabs = session && tabs > names.length ? ` in ${tabs} tabs` : "";
    const label = live ? `${listOfNames(spoken) || "No one"} ${count > 1 ? "are" : "is"} here${inTabs}` : "People";
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#button.dataset.online = online.slice(0, LISTED_AT_MOST).map((user) => user.username).join(" ");
    this.#button.replaceChildren(
      el(
        "span", { class: "presence-faces" },
        ...online.slice(0, FACES).map((user) => avatar(user.username, { size: "s" })),
      ),
      el(
        "span", {}, live ? `${count} here` : inNumbers(peopleCount),
        inTabs && el("span", { class: "presence-tabs" }, inTabs),
      ),
      el("span", { class: "visually-hidden" }, spoken.join(", ")),
    );
    this.#list.replaceChildren(
      ...(session ? [claudeRow(claude)] : []),
      ...this.#groups({ people, peopleCount, online, onlineCount: count, session, live }),
    );
  }

  /**
   * @param {{people: Person[], peopleCount: number, online: import("../../protocol.d.ts").OnlineUser[],
   *   onlineCount: number, session: boolean, live: boolean}} facts
   */
  #groups({ people, peopleCount, online, onlineCount, session, live }) {
    const here = new Set(online.map((user) => user.id));
    const known = new Map(people.map((person) => [person.id, person]));
    const away = people.filter((person) => !here.has(person.id));
    const areAllKnown = people.length >= peopleCount && online.length >= onlineCount;
    const awayCount = areAllKnown ? away.length : Math.max(away.length, peopleCount - onlineCount);
    return [
      ...group("Here now", onlineCount, online, (user) =>
        row({ ...known.get(user.id), displayName: "", ...user }, true, session ? user.tabs : 0),
      ),
      // Of a crowd no one can say who of those that are not named is away.
      ...group(live ? "Not here" : "Members", awayCount, online.length < onlineCount ? [] : away, (person) =>
        row(person, false, 0),
      ),
    ];
  }
}

/** @param {number} peopleCount 0: not known yet */
function inNumbers(peopleCount) {
  if (peopleCount === 0) return "People";
  return peopleCount === 1 ? "1 person" : `${peopleCount} people`;
}

/** @param {string} words what it does */
function claudeRow(words) {
  return el(
    "ul", { class: "people" },
    el(
      "li", { class: "person", "data-user": "claude" }, avatar("claude", { size: "s" }),
      el("span", { class: "person-name" }, "Claude"), el("span", { class: "faint truncate" }, words),
    ),
  );
}

/**
 * @template T
 * @param {string} title @param {number} count @param {T[]} people @param {(person: T) => HTMLElement} draw
 */
function group(title, count, people, draw) {
  if (!count) return [];
  const listed = people.slice(0, LISTED_AT_MOST);
  const rest =
    count > listed.length &&
    el(
      "p", { class: "people-rest faint" },
      `${listed.length ? "and " : ""}${count - listed.length} ${listed.length ? "more" : "people"}`,
    );
  return present([
    el("h3", { class: "people-group" }, `${title} · ${count}`), el("ul", { class: "people" }, ...listed.map(draw)),
    rest,
  ]);
}

/**
 * @param {Person} person
 * @param {boolean} online
 * @param {number} tabs shown in sessions, where several tabs work together
 */
function row(person, online, tabs) {
  const { username, role } = person;
  const notes = [role && role !== "member" ? role : "", tabs > 1 ? `${tabs} tabs` : ""].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: online ? "person" : "person person-away", "data-user": username, "data-online": String(online) },
    el(
      "span", { class: "person-face" }, avatar(username, { size: "s" }),
      online && el("span", { class: "dot dot-online", "aria-hidden": "true" }),
    ),
    el(
      "span", { class: "person-name" }, personName(person, { class: "truncate" }),
      handle(person) && el("span", { class: "person-handle truncate" }, handle(person)),
    ),
    notes && el("span", { class: "faint nowrap" }, notes),
  );
}

function recall() {
  try {
    return localStorage.getItem(OPEN_KEY);
  } catch {
    return null;
  }
}

/** @param {string} value */
function keep(value) {
  try {
    localStorage.setItem(OPEN_KEY, value);
  } catch {
    // Then it is decided again with every page.
  }
}
