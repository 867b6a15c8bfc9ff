/**
 * Ctrl/Cmd+K: type a few letters of a name, Enter goes to the room or the person.
 */

import { closest, el } from "../base/dom.js";
import { RANK } from "../base/ranking.js";
import { choicesFor, NEW_SESSION, NOTHING_FOUND } from "./switcher-choices.js";
import { wellFormed } from "../../client/connection/frame-text.js";

const ASK_AFTER_MS = 150;
const FOUND_AT_MOST = 12;
const OUT_OF_REACH = "The server can't be reached. Only rooms that are loaded are shown.";

export class QuickSwitcher {
  #dialog;
  #input;
  #list;
  #options;
  #note;
  /** @type {import("./switcher-choices.js").Choice[]} */
  #choices = [];
  #at = 0;
  /** What the server found last, and for which words. */
  #found = { query: "", ...NOTHING_FOUND };
  #timer = 0;
  /** The words that the server has not responded to yet. @type {string | null} */
  #asking = null;
  /** Enter came before the response. */
  #isHurried = false;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {{myId: string, directory: import("./room-directory.js").RoomDirectory, go: (href: string) => void,
   *   write: (person: import("../../protocol.d.ts").UserRef) => void}} options write: open the direct room with a
   *   person
   */
  constructor(dialog, options) {
    this.#dialog = dialog;
    this.#options = options;
    this.#input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
    this.#list = /** @type {HTMLElement} */ (dialog.querySelector("ul"));
    this.#note = /** @type {HTMLElement} */ (dialog.querySelector("[data-switcher-note]"));
    this.#input.addEventListener("input", () => this.#search());
    dialog.addEventListener("close", () => clearTimeout(this.#timer));
    this.#input.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) =>
      this.#pick([...this.#list.children].indexOf(/** @type {Element} */ (closest(event, "[role=option]")))),
    );
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    document.addEventListener("click", (event) => closest(event, "[data-switcher-open]") && this.open());
    document.addEventListener("keydown", (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k")
        return;
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

  get #query() {
    return wellFormed(this.#input.value).trim();
  }

  /** Shows what is known at once, and what the server finds when typing pauses. */
  #search() {
    const query = this.#query;
    clearTimeout(this.#timer);
    this.#say("");
    this.#isHurried = false;
    this.#asking = query || null;
    if (query) this.#timer = window.setTimeout(() => this.#ask(query), ASK_AFTER_MS);
    this.#show(query);
    this.#select(0);
  }

  /** @param {string} query */
  async #ask(query) {
    const { directory } = this.#options;
    const rooms = directory.cuts.size ? directory.find(query, FOUND_AT_MOST) : { rooms: [], hasMore: false };
    const [found, people] = await Promise.allSettled([rooms, directory.findPeople(query)]);
    if (!this.#dialog.open || this.#query !== query) return;
    this.#asking = null;
    const known = found.status === "fulfilled" ? found.value : NOTHING_FOUND;
    this.#found = {
      query, rooms: known.rooms, hasMore: known.hasMore, people: people.status === "fulfilled" ? people.value : [],
    };
    if ([found, people].some(({ status }) => status === "rejected")) this.#say(OUT_OF_REACH);
    // What the reader has moved to stays chosen while others come.
    const chosen = this.#at > 0 ? this.#choices[this.#at]?.key : null;
    this.#show(query);
    this.#select(Math.max(0, this.#choices.findIndex(({ key }) => key === chosen)));
    if (this.#isHurried) this.#pick(this.#at);
  }

  /** @param {string} text */
  #say(text) {
    this.#note.textContent = text;
    this.#note.hidden = !text;
  }

  /** @param {string} query */
  #show(query) {
    const { directory, myId } = this.#options;
    const found = this.#found.query === query ? this.#found : NOTHING_FOUND;
    this.#choices = choicesFor(query, { rooms: directory.rooms.values(), found, myId });
    this.#list.replaceChildren(
      ...this.#choices.map(({ mark, title, hint, badge }, at) =>
        el(
          "li", { class: "switcher-option", role: "option", id: `switcher-${at}` }, mark,
          el("bdi", { class: "room-link-name truncate" }, title),
          hint && el("span", { class: "faint small truncate" }, hint),
          badge && el("span", { class: "badge" }, badge),
        ),
      ),
    );
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
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) {
      this.#isHurried = false;
      this.#select(this.#at + steps[event.key]);
    } else if (event.key === "Enter") this.#enter();
    else return;
    event.preventDefault();
  }

  /** A weak fit is not taken while the server may know a better one. */
  #enter() {
    const mayComeBetter = this.#asking !== null && this.#at === 0 && (this.#choices[0]?.rank ?? RANK.none) > RANK.start;
    if (!mayComeBetter) return this.#pick(this.#at);
    if (this.#isHurried) return;
    this.#isHurried = true;
    clearTimeout(this.#timer);
    this.#ask(/** @type {string} */ (this.#asking));
  }

  /** @param {number} at */
  #pick(at) {
    const choice = this.#choices[at];
    if (!choice) return;
    this.#dialog.close();
    // It makes something, so it is no link: the form of the sidebar does it.
    if (choice.href === NEW_SESSION)
      /** @type {HTMLFormElement} */ (document.querySelector("[data-new-session]")).requestSubmit();
    else if (choice.person) this.#options.write(choice.person);
    else this.#options.go(/** @type {string} */ (choice.href));
  }
}
