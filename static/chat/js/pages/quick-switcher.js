/**
 * Ctrl/Cmd+K: type a few letters of a room's name, Enter goes there.
 */

import { el, icon } from "./dom.js";
import { countText, roomMark, roomTitle, roomUsername } from "./names.js";
import { activeAt } from "./room-list.js";

const SHOWN_AT_MOST = 12;
const ASK_AFTER_MS = 150;
/** What the server finds without regard to accents comes after what begins as it was typed. */
const RANK_OF_FOUND = 3.5;
const NEW_SESSION = "/sessions/new";

export class QuickSwitcher {
  #dialog;
  #input;
  #list;
  #options;
  #note;
  #choices = [];
  #at = 0;
  /** What the server found last, and for which words. */
  #found = { query: "", rooms: [], hasMore: false };
  #timer = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{myId: string, directory: import("./room-directory.js").RoomDirectory, go: (href: string) => void}} options
   */
  constructor(dialog, options) {
    this.#dialog = dialog;
    this.#options = options;
    this.#input = dialog.querySelector("input");
    this.#list = dialog.querySelector("ul");
    this.#note = dialog.querySelector("[data-switcher-note]");
    this.#input.addEventListener("input", () => this.#search());
    dialog.addEventListener("close", () => clearTimeout(this.#timer));
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => this.#pick(event.target.closest("[role=option]")));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.addEventListener("click", (event) => event.target.closest("[data-switcher-open]") && this.open());
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      if (dialog.open) dialog.close();
      else this.open();
    });
  }

  open() {
    this.#input.value = "";
    this.#search();
    this.#dialog.showModal();
    this.#input.focus();
  }

  /** Shows what is known at once, and what the server finds when typing pauses. */
  #search() {
    const query = this.#input.value.trim();
    clearTimeout(this.#timer);
    this.#say("");
    if (query && this.#options.directory.cuts.size) this.#timer = window.setTimeout(() => this.#ask(query), ASK_AFTER_MS);
    this.#show(query);
    this.#select(0);
  }

  /** @param {string} query */
  async #ask(query) {
    const isCurrent = () => this.#dialog.open && this.#input.value.trim() === query;
    try {
      const { rooms, hasMore } = await this.#options.directory.find(query, SHOWN_AT_MOST);
      if (!isCurrent()) return;
      this.#found = { query, rooms, hasMore };
    } catch {
      if (isCurrent()) this.#say("The server can't be reached. Only rooms that are loaded are shown.");
      return;
    }
    // What the reader has moved to stays chosen while others come.
    const chosen = this.#at > 0 ? this.#choices[this.#at]?.href : null;
    this.#show(query);
    this.#select(Math.max(0, this.#choices.findIndex(({ href }) => href === chosen)));
  }

  /** @param {string} text */
  #say(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
  }

  /** @param {string} query */
  #show(query) {
    const rooms = this.#rooms(query);
    const isCut = rooms.length > SHOWN_AT_MOST || (this.#found.query === query && this.#found.hasMore);
    this.#choices = [...rooms.slice(0, SHOWN_AT_MOST), ...others(query, isCut)];
    if (!isCut) this.#choices = this.#choices.slice(0, SHOWN_AT_MOST);
    this.#list.replaceChildren(
      ...this.#choices.map(({ href, mark, title, badge }, at) =>
        el(
          "li",
          { class: "switcher-option", role: "option", id: `switcher-${at}`, "data-href": href },
          mark, el("bdi", { class: "room-link-name truncate" }, title), badge && el("span", { class: "badge" }, badge),
        ),
      ),
    );
  }

  /** @param {string} query */
  #rooms(query) {
    const { directory, myId } = this.#options;
    const found = this.#found.query === query ? this.#found.rooms : [];
    const known = new Map(found.map((room) => [room.slug, { room, isFound: true }]));
    for (const room of directory.rooms.values()) known.set(room.slug, { room, isFound: known.has(room.slug) });
    return [...known.values()]
      .map(({ room, isFound }) => ({ room, title: roomTitle(room, myId), worst: isFound ? RANK_OF_FOUND : Infinity }))
      .map((each) => ({ ...each, rank: Math.min(each.worst, rank(each.title, query), rank(roomUsername(each.room, myId), query)) }))
      .filter((each) => each.rank < Infinity)
      .sort((a, b) => a.rank - b.rank || b.room.unread - a.room.unread || activeAt(b.room) - activeAt(a.room))
      .map(({ room, title }) => ({
        href: `/rooms/${room.slug}/`, mark: roomMark(room, myId), title, badge: room.unread ? countText(room.unread) : "",
      }));
  }

  /** @param {number} at */
  #select(at) {
    const options = [...this.#list.children];
    this.#at = options.length ? (at + options.length) % options.length : 0;
    options.forEach((option, index) => option.setAttribute("aria-selected", String(index === this.#at)));
    options[this.#at]?.scrollIntoView({ block: "nearest" });
    this.#input.setAttribute("aria-activedescendant", options.length ? `switcher-${this.#at}` : "");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.#select(this.#at + steps[event.key]);
    else if (event.key === "Enter") this.#pick(this.#list.children[this.#at]);
    else return;
    event.preventDefault();
  }

  /** @param {HTMLElement | null | undefined} option */
  #pick(option) {
    if (!option) return;
    this.#dialog.close();
    const { href } = option.dataset;
    // It makes something, so it is no link: the form of the sidebar does it.
    if (href === NEW_SESSION) /** @type {HTMLFormElement} */ (document.querySelector("[data-new-session]")).requestSubmit();
    else this.#options.go(href);
  }
}

/**
 * Lower is better: the name begins so, a word begins so, it is inside, the letters come in this order, or not at all.
 * @param {string} title @param {string} query
 */
export function rank(title, query) {
  const name = title.toLowerCase();
  const wanted = query.toLowerCase();
  if (!wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.split(/[\s_.-]+/).some((word) => word.startsWith(wanted))) return 2;
  if (name.includes(wanted)) return 3;
  let at = -1;
  for (const letter of wanted) {
    at = name.indexOf(letter, at + 1);
    if (at < 0) return Infinity;
  }
  return 4;
}

/** @param {string} query @param {boolean} isCut whether more rooms fit than are shown */
function others(query, isCut) {
  const choices = [
    { href: NEW_SESSION, mark: icon("session"), title: "New session with Claude" },
    { href: "/rooms/", mark: icon("open"), title: "Browse open rooms" },
    { href: "/rooms/new", mark: icon("plus"), title: "New room" },
    { href: "/direct/new", mark: icon("direct"), title: "New direct message" },
  ].filter(({ title }) => rank(title, query) < Infinity);
  if (isCut) choices.unshift({ href: `/rooms/mine?q=${encodeURIComponent(query)}`, mark: icon("open"), title: query ? `All your rooms named “${query}”` : "All your rooms" });
  if (query) choices.push({ href: `/search?q=${encodeURIComponent(query)}`, mark: icon("search"), title: `Search messages for “${query}”` });
  return choices;
}
