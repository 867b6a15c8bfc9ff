/**
 * Who is in the room: a button in the header that says who is here, and the list of everybody beside the timeline.
 */

import { el } from "./dom.js";
import { avatar, listOfNames } from "./names.js";

const FACES = 4;
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
    this.#button = room.querySelector("[data-details-toggle]");
    this.#list = room.querySelector(".people-list");
    const { signal } = this.#ending;
    this.#button.addEventListener("click", () => this.#open(room.dataset.details !== "open", true), { signal });
    room.querySelector("[data-details-close]").addEventListener("click", () => (this.#open(false, true), this.#button.focus()), { signal });
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
   * @param {{people: Person[], online: import("../types.js").OnlineUser[], session: boolean, claude: string, live: boolean}} facts
   *   claude: what it does now, in a few words
   */
  show({ people, online: known, session, claude, live }) {
    const facts = [people, known, session, live, claude];
    if (facts.every((fact, at) => fact === this.#shown[at])) return;
    this.#shown = facts;
    // Without a connection nobody can say who is here.
    const online = live ? known : [];
    const names = online.map((user) => user.username);
    const tabs = online.reduce((sum, user) => sum + user.tabs, 0);
    const inTabs = session && tabs > names.length ? ` in ${tabs} tabs` : "";
    const label = live ? `${listOfNames(names) || "Nobody"} ${names.length > 1 ? "are" : "is"} here${inTabs}` : "People";
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#button.dataset.online = names.join(" ");
    this.#button.replaceChildren(
      el("span", { class: "presence-faces" }, ...online.slice(0, FACES).map((user) => avatar(user.username, { size: "s" }))),
      el("span", {}, live ? `${names.length} here` : String(people.length), inTabs && el("span", { class: "presence-tabs" }, inTabs)),
      el("span", { class: "visually-hidden" }, names.join(", ")),
    );
    this.#list.replaceChildren(...(session ? [claudeRow(claude)] : []), ...this.#groups(people, online, session, live));
  }

  /** @param {Person[]} people @param {import("../types.js").OnlineUser[]} online @param {boolean} session @param {boolean} live */
  #groups(people, online, session, live) {
    const here = new Set(online.map((user) => user.id));
    const known = new Map(people.map((person) => [person.id, person]));
    const away = people.filter((person) => !here.has(person.id));
    return [
      ...group(`Here now · ${online.length}`, online.map((user) => row({ ...user, ...known.get(user.id) }, true, session ? user.tabs : 0))),
      ...group(`${live ? "Not here" : "Members"} · ${away.length}`, away.map((person) => row(person, false, 0))),
    ];
  }
}

/** @param {string} words what it does */
function claudeRow(words) {
  return el(
    "ul", { class: "people" },
    el("li", { class: "person", "data-user": "claude" }, avatar("claude", { size: "s" }), el("span", { class: "person-name" }, "Claude"), el("span", { class: "faint truncate" }, words)),
  );
}

/** @param {string} title @param {HTMLElement[]} rows */
function group(title, rows) {
  return rows.length ? [el("h3", { class: "people-group" }, title), el("ul", { class: "people" }, ...rows)] : [];
}

/** @param {Person} person @param {boolean} online @param {number} tabs shown in sessions, where several tabs work together */
function row({ username, displayName, role }, online, tabs) {
  const notes = [role && role !== "member" ? role : "", tabs > 1 ? `${tabs} tabs` : ""].filter(Boolean).join(" · ");
  return el(
    "li",
    { class: online ? "person" : "person person-away", "data-user": username, "data-online": String(online) },
    el("span", { class: "person-face" }, avatar(username, { size: "s" }), online && el("span", { class: "dot dot-online", "aria-hidden": "true" })),
    el("bdi", { class: "person-name truncate", title: `@${username}` }, displayName || username),
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
    // Then it is decided anew with every page.
  }
}
