/**
 * Ctrl/Cmd+K: type a few letters of a room's name, Enter goes there.
 */

import { el, icon } from "./dom.js";
import { countText, roomMark, roomTitle, roomUsername } from "./names.js";

const SHOWN_AT_MOST = 12;
const NEW_SESSION = "/sessions/new";

export class QuickSwitcher {
  #dialog;
  #input;
  #list;
  #options;
  #choices = [];
  #at = 0;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{myId: string, rooms: () => Iterable<import("./room-list.js").ListedRoom>, go: (href: string) => void}} options
   */
  constructor(dialog, options) {
    this.#dialog = dialog;
    this.#options = options;
    this.#input = dialog.querySelector("input");
    this.#list = dialog.querySelector("ul");
    this.#input.addEventListener("input", () => this.#search());
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

  #search() {
    const query = this.#input.value.trim();
    this.#choices = [...this.#rooms(query), ...others(query)].slice(0, SHOWN_AT_MOST);
    this.#list.replaceChildren(
      ...this.#choices.map(({ href, mark, title, badge }, at) =>
        el(
          "li",
          { class: "switcher-option", role: "option", id: `switcher-${at}`, "data-href": href },
          mark, el("bdi", { class: "room-link-name truncate" }, title), badge && el("span", { class: "badge" }, badge),
        ),
      ),
    );
    this.#select(0);
  }

  /** @param {string} query */
  #rooms(query) {
    return [...this.#options.rooms()]
      .map((room) => ({ room, title: roomTitle(room, this.#options.myId) }))
      .map((each) => ({ ...each, rank: Math.min(rank(each.title, query), rank(roomUsername(each.room, this.#options.myId), query)) }))
      .filter((each) => each.rank < Infinity)
      .sort((a, b) => a.rank - b.rank || b.room.unread - a.room.unread || (b.room.lastMessageAt ?? 0) - (a.room.lastMessageAt ?? 0))
      .map(({ room, title }) => ({
        href: `/rooms/${room.slug}/`, mark: roomMark(room, this.#options.myId), title, badge: room.unread ? countText(room.unread) : "",
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
    if (event.isComposing) return;
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

/** @param {string} query */
function others(query) {
  const choices = [
    { href: NEW_SESSION, mark: icon("session"), title: "New session with Claude" },
    { href: "/rooms/", mark: icon("open"), title: "Browse open rooms" },
    { href: "/rooms/new", mark: icon("plus"), title: "New room" },
    { href: "/direct/new", mark: icon("direct"), title: "New direct message" },
  ].filter(({ title }) => rank(title, query) < Infinity);
  if (query) choices.push({ href: `/search?q=${encodeURIComponent(query)}`, mark: icon("search"), title: `Search messages for “${query}”` });
  return choices;
}
