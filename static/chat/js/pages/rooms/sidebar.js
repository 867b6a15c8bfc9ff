/**
 * Draws the list of rooms: names, counts, order. It keeps the elements that stay, so the focus stays too.
 */

import { el, find, findAll, icon, setAttribute, setChildren } from "../base/dom.js";
import { countText, roomMark, roomTitle, roomUsername } from "../people/names.js";
import { sectionsOf } from "./room-list.js";

/** @typedef {import("./room-list.js").ListedRoom} ListedRoom */
/** @typedef {import("./room-directory.js").SectionKey} SectionKey */

export class Sidebar {
  #root;
  #myId;
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  /** @type {string | null} */
  #active = null;

  /**
   * @param {HTMLElement} root
   * @param {string} myId
   * @param {(key: SectionKey) => Promise<void>} more shows more of a section
   */
  constructor(root, myId, more) {
    this.#root = root;
    this.#myId = myId;
    root.addEventListener("click", (event) => {
      const link = /** @type {Element} */ (event.target).closest("[data-more]");
      if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#more(link, more);
    });
  }

  /** The rooms that stand in the page, which has them from the server. Their elements stay. @returns {ListedRoom[]} */
  read() {
    return findAll(this.#root, ".room-link").map((link) => {
      const { room: slug = "", kind = "", at, read, unread = 0, mentions = 0, username } = link.dataset;
      this.#items.set(slug, /** @type {HTMLElement} */ (link.parentElement));
      const name = find(link, ".room-link-name").textContent;
      return {
        slug, kind, name, unread: Number(unread), mentions: Number(mentions),
        muted: link.classList.contains("is-muted"), topic: "", lastReadSeq: Number(read), createdAt: Number(at),
        activeAt: Number(at), hasDraft: link.querySelector(".draft-mark") !== null,
        members: username ? [{ id: "", username, displayName: name }] : undefined,
      };
    });
  }

  /** Sections of which the page has not all rooms. @returns {Map<SectionKey, import("./room-directory.js").Cut>} */
  readCuts() {
    const cuts = new Map();
    for (const section of findAll(this.#root, "[data-section]")) {
      const link = find(section, "[data-more]");
      const { more: next, total } = link.dataset;
      if (next) cuts.set(section.dataset.section, { next, total: Number(total) });
    }
    return cuts;
  }

  /**
   * @param {import("./room-list.js").RoomList} list
   * @param {Map<SectionKey, import("./room-directory.js").Cut>} cuts
   * @param {string | null} active slug of the room that is open
   */
  show(list, cuts, active) {
    this.#active = active;
    const focused = document.activeElement;
    for (const [key, rooms] of Object.entries(sectionsOf(list))) {
      const section = this.#root.querySelector(`[data-section="${key}"]`);
      if (!section) continue;
      setChildren(find(section, "ul"), rooms.map((room) => this.#item(room)));
      find(section, ".sidebar-empty").hidden = rooms.length > 0;
      const cut = cuts.get(/** @type {SectionKey} */ (key));
      const link = find(section, "[data-more]");
      link.hidden = !cut;
      if (cut) find(link, "[data-more-total]").textContent = `${cut.total} in all`;
    }
    find(this.#root, ".sidebar-all").hidden = cuts.size === 0;
    for (const slug of this.#items.keys()) if (!list.has(slug)) this.#items.delete(slug);
    // An element that moved in the document has lost the focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.#root.contains(focused))
      focused.focus();
  }

  /** @param {HTMLAnchorElement} link @param {(key: SectionKey) => Promise<void>} more */
  async #more(link, more) {
    if (link.ariaBusy === "true") return;
    const section = /** @type {HTMLElement} */ (link.closest("[data-section]"));
    const known = new Set(section.querySelectorAll(".room-link"));
    link.ariaBusy = "true";
    try {
      await more(/** @type {SectionKey} */ (section.dataset.section));
      // The link may be gone now; the reader goes on with the first of the new ones.
      const added = [...section.querySelectorAll(".room-link")].find((each) => !known.has(each));
      if (link.matches(":focus") || document.activeElement === document.body)
        /** @type {HTMLElement} */ (added)?.focus();
    } finally {
      link.ariaBusy = null;
    }
  }

  /** @param {import("./room-list.js").ListedRoom} room */
  #item(room) {
    let item = this.#items.get(room.slug);
    if (!item) this.#items.set(room.slug, (item = this.#create(room)));
    this.#update(/** @type {HTMLElement} */ (item.firstElementChild), room);
    return item;
  }

  /** @param {import("./room-list.js").ListedRoom} room */
  #create(room) {
    const title = roomTitle(room, this.#myId);
    const properties = {
      class: "room-link", href: `/rooms/${room.slug}/`, "data-testid": "room-link", "data-room": room.slug,
    };
    const username = roomUsername(room, this.#myId);
    const name = el("bdi", { class: "room-link-name truncate", title: username && `@${username}` || null }, title);
    return el("li", {}, el("a", properties, roomMark(room, this.#myId), name));
  }

  /** @param {HTMLElement} link @param {import("./room-list.js").ListedRoom} room */
  #update(link, room) {
    const active = room.slug === this.#active;
    link.classList.toggle("is-unread", room.unread > 0 && !active);
    link.classList.toggle("is-muted", room.muted);
    setAttribute(link, "aria-current", active ? "page" : null);
    const name = find(link, ".room-link-name");
    const title = roomTitle(room, this.#myId);
    if (name.textContent !== title) name.textContent = title;
    link.querySelector(".draft-mark")?.remove();
    if ((room.draft ? room.draft.content : room.hasDraft) && !active) {
      const mark = icon("edit");
      mark.classList.add("draft-mark");
      name.after(mark);
    }
    link.querySelector(".badge")?.remove();
    if (room.mentions || room.unread) link.append(badge(room));
  }
}

/** @param {import("./room-list.js").ListedRoom} room */
function badge({ unread, mentions }) {
  const count = countText(mentions || unread);
  const label = mentions ? `${count} mention${mentions > 1 ? "s" : ""} of you` : `${count} unread`;
  const properties = {
    class: mentions ? "badge badge-mention" : "badge", "data-testid": "unread-badge", role: "img",
    "aria-label": label,
  };
  return el("span", properties, count);
}
