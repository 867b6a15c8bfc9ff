/**
 * Draws the list of rooms: names, counts, order. It keeps the elements that stay, so the focus stays too.
 */

import { el, icon, setAttribute, setChildren } from "./dom.js";
import { countText, roomMark, roomTitle, roomUsername } from "./names.js";
import { sectionsOf } from "./room-list.js";

export class Sidebar {
  #root;
  #myId;
  /** @type {Map<string, HTMLElement>} */
  #items = new Map();
  /** @type {string | null} */
  #active = null;

  /** @param {HTMLElement} root @param {string} myId */
  constructor(root, myId) {
    this.#root = root;
    this.#myId = myId;
  }

  /** @param {import("./room-list.js").RoomList} list @param {string | null} active slug of the room that is open */
  show(list, active) {
    this.#active = active;
    const focused = document.activeElement;
    for (const [key, rooms] of Object.entries(sectionsOf(list))) {
      const section = this.#root.querySelector(`[data-section="${key}"]`);
      if (!section) continue;
      setChildren(section.querySelector("ul"), rooms.map((room) => this.#item(room)));
      section.querySelector(".sidebar-empty").hidden = rooms.length > 0;
    }
    for (const slug of this.#items.keys()) if (!list.has(slug)) this.#items.delete(slug);
    // An element that moved in the document has lost the focus.
    if (focused instanceof HTMLElement && focused !== document.activeElement && this.#root.contains(focused)) focused.focus();
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
    const properties = { class: "room-link", href: `/rooms/${room.slug}/`, "data-testid": "room-link", "data-room": room.slug };
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
    const name = link.querySelector(".room-link-name");
    const title = roomTitle(room, this.#myId);
    if (name.textContent !== title) name.textContent = title;
    link.querySelector(".draft-mark")?.remove();
    if (room.draft?.content && !active) {
      const mark = icon("edit");
      mark.classList.add("draft-mark");
      link.append(mark);
    }
    link.querySelector(".badge")?.remove();
    if (room.mentions || room.unread) link.append(badge(room));
  }
}

/** @param {import("./room-list.js").ListedRoom} room */
function badge({ unread, mentions }) {
  const count = countText(mentions || unread);
  const label = mentions ? `${count} mention${mentions > 1 ? "s" : ""} of you` : `${count} unread`;
  const properties = { class: mentions ? "badge badge-mention" : "badge", "data-testid": "unread-badge", role: "img", "aria-label": label };
  return el("span", properties, count);
}
