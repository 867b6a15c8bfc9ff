/**
 * Invitations to rooms that wait for my response, wherever a page has a place for them: in the sidebar, and on a page
 * of their own.
 */

import { el, find, findAll, setChildren } from "../base/dom.js";
import { handle, isolated, shownName } from "../people/shown-name.js";

/** @typedef {import("../../protocol.d.ts").Invitation} Invitation */

export class Invitations {
  #options;
  /** @type {Invitation[]} newest first */
  #waiting;

  /**
   * @param {Iterable<HTMLElement>} roots
   * @param {{waiting: Invitation[], request: import("../../client/requests.d.ts").SendRequest,
   *   go: (href: string) => void, onError: (error: unknown) => void}} options
   */
  constructor(roots, options) {
    this.#options = { ...options, roots: [...roots] };
    this.#waiting = options.waiting;
    this.#show();
  }

  /** @param {Invitation[]} waiting all that there are now */
  replace(waiting) {
    this.#waiting = waiting;
    this.#show();
  }

  /** @param {Invitation} invitation */
  add(invitation) {
    this.replace([invitation, ...this.#waiting.filter(({ room }) => room !== invitation.room)]);
  }

  /** @param {string} room */
  remove(room) {
    this.replace(this.#waiting.filter((invitation) => invitation.room !== room));
  }

  #show() {
    for (const root of this.#options.roots) {
      const shown = this.#waiting.slice(0, Number(root.dataset.invitations));
      const list = find(root, "ul");
      const focused = root.contains(document.activeElement) ? document.activeElement : null;
      // The same button of the next invitation: pressing Enter twice must not join a room by accident.
      const same = focused?.matches("button:last-child") ? "li button:last-child" : "li button";
      // Those that stay keep their elements, and the focus in them.
      const known = new Map(findAll(list, ":scope > li").map((item) => [item.dataset.room, item]));
      setChildren(list, shown.map((invitation) => reusable(known.get(invitation.room)) ?? this.#item(invitation)));
      root.hidden = !this.#waiting.length;
      find(root, "[data-all-invitations]").hidden = shown.length === this.#waiting.length;
      // The button that was pressed is gone: by the response, or by the event that comes before it.
      if (focused && !root.contains(document.activeElement)) (findAll(root, same)[0] ?? nextAfter(root))?.focus();
    }
    for (const empty of findAll(document, "[data-no-invitations]")) empty.hidden = this.#waiting.length > 0;
  }

  /** @param {Invitation} invitation */
  #item({ room, name, by }) {
    // A person who decides by the name needs the user name, too: a display name is free text.
    const text = el(
      "p", { class: "invitation-text" }, el("bdi", { title: by && `@${by.username}` }, shownName(by)),
      handle(by) && el("span", { class: "muted" }, ` ${handle(by)}`), " invites you to ",
      el("b", { class: "strong" }, el("bdi", {}, name)),
    );
    const join = el(
      "button",
      {
        class: "button button-small button-primary", type: "button", "aria-label": `Join ${isolated(name)}`,
        onclick: () => this.#respond("accept_invitation", room),
      },
      "Join",
    );
    const decline = el(
      "button",
      {
        class: "button button-small", type: "button", "aria-label": `Decline ${isolated(name)}`,
        onclick: () => this.#respond("decline_invitation", room),
      },
      "Decline",
    );
    return el(
      "li", { class: "invitation", "data-room": room, "data-drawn": true }, text,
      el("div", { class: "cluster" }, join, decline),
    );
  }

  /** @param {"accept_invitation" | "decline_invitation"} type @param {string} room */
  async #respond(type, room) {
    try {
      await this.#options.request(type, { room });
    } catch (error) {
      this.#options.onError(error);
      // It isn't there any more: withdrawn, or accepted or declined in another tab.
      if (/** @type {import("../../client/errors.js").RequestError} */ (error).code === "NOT_FOUND") this.remove(room);
      return;
    }
    this.remove(room);
    if (type === "accept_invitation") this.#options.go(`/rooms/${room}/`);
  }
}

/** @param {HTMLElement} root @returns {HTMLElement | null} what can have the focus behind it */
const nextAfter = (root) => root.parentElement?.querySelector("[data-invitations] ~ * :is(a, button)") ?? null;

/** What the server has drawn posts a form and loads a page: that is replaced. @param {HTMLElement | undefined} item */
const reusable = (item) => (item?.dataset.drawn === undefined ? null : item);
