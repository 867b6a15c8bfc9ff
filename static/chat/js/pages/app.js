/**
 * The start of every page of the application: the connection, the list of rooms, what floats above, and the room if
 * the page is one.
 */

import "./message/footnotes.js";
import "./base/input-method.js";
import { Client } from "../client/client.js";
import { excerptOf, quotable } from "../client/rooms/quotes.js";
import { ConnectionBanner } from "./shell/connection-banner.js";
import { byId, find, findAll, pageData } from "./base/dom.js";
import { Drawer } from "./shell/drawer.js";
import { EmojiPicker } from "./base/emoji-picker.js";
import { Invitations } from "./rooms/invitations.js";
import { roomTitle } from "./people/names.js";
import { Navigation } from "./room/navigation.js";
import { connectWithNewSession } from "./shell/new-session.js";
import { keepPageWhileOffline, loadPage } from "./shell/offline-links.js";
import "./shell/plain-forms.js";
import { QuickSwitcher } from "./rooms/quick-switcher.js";
import { RoomDirectory } from "./rooms/room-directory.js";
import { unreadTotal } from "./rooms/room-list.js";
import { RoomPage } from "./room/room.js";
import { fullNameInText, isolated, nameInText } from "./people/shown-name.js";
import { Sidebar } from "./rooms/sidebar.js";
import "./shell/sign-out.js";
import { Speaker } from "./message/speaker.js";
import { Toasts } from "./base/toasts.js";
import { UnreadMark } from "./shell/unread-mark.js";

const LAST_ROOM_KEY = "parley.last-room";

class App {
  #data = pageData("app-data");
  #me = this.#data.me;
  #client = new Client({ userId: this.#me.id });
  #toasts = new Toasts(find(document, ".toasts"));
  #sidebar = new Sidebar(byId("sidebar"), this.#me.id, (key) => this.#showMore(key));
  #mark = new UnreadMark();
  #shared = {
    client: this.#client, me: this.#me, toasts: this.#toasts, contentChars: this.#data.contentChars,
    speaker: new Speaker(byId("speaker")), picker: new EmojiPicker(),
  };
  /** @type {RoomPage | null} */
  #room = null;
  #invitations = new Invitations(findAll(document, "[data-invitations]"), {
    waiting: this.#data.invitations, request: this.#client.request.bind(this.#client),
    go: (href) => loadPage(href, this.#toasts), onError: (error) => this.#toasts.error(error),
  });
  #directory = new RoomDirectory({
    client: this.#client, rooms: this.#sidebar.read(), cuts: this.#sidebar.readCuts(), ...this.#data.sidebar,
    current: () => this.#room?.slug ?? null, onChange: () => this.#showRooms(),
  });
  #root = document.getElementById("room");
  #navigation = this.#root && new Navigation({
    myId: this.#me.id, client: this.#client,
    rooms: () => this.#directory.rooms,
    current: () => this.#room?.slug ?? "",
    open: (facts, seq) => this.#root && this.#open(this.#root, facts, seq),
    learn: (facts) => (this.#room?.learn(facts), this.#name(facts)),
    goTo: (seq) => this.#room?.goTo(seq),
    toasts: this.#toasts,
  });

  start() {
    new Drawer();
    new ConnectionBanner(find(document, ".connection-banner"), {
      client: this.#client, signInUrl: this.#data.signInUrl,
    });
    new QuickSwitcher(byId("switcher", HTMLDialogElement), {
      myId: this.#me.id, directory: this.#directory, go: (href) => this.#go(href),
      write: (person) => this.#writeTo(person),
    });
    connectWithNewSession(this.#client);
    this.#listen();
    keepPageWhileOffline(this.#toasts); // after the navigation: rooms open without a network
    this.#navigation?.start(pageData("room-data"), Number(new URLSearchParams(location.search).get("seq")) || null);
    this.#showRooms();
    this.#client.connect();
  }

  /** @param {string} href */
  #go(href) {
    if (this.#navigation) this.#navigation.go(href);
    else loadPage(href, this.#toasts);
  }

  /**
   * The server returns the direct room that there is, or makes it.
   * @param {import("../protocol.d.ts").UserRef} person
   */
  async #writeTo({ username }) {
    try {
      const { room } = await this.#client.request("create_room", { kind: "direct", members: [username] });
      this.#go(`/rooms/${room.slug}/`);
    } catch (error) {
      this.#toasts.error(error);
    }
  }

  /** @param {HTMLElement} root @param {import("./room/room-view.js").RoomFacts} facts @param {number | null} seq */
  #open(root, facts, seq) {
    this.#room?.destroy();
    const { slug } = facts.room;
    this.#name(facts);
    find(root, "[data-room-search]", HTMLAnchorElement).href = `/search?room=${slug}`;
    find(root, "[data-room-settings]", HTMLAnchorElement).href = `/rooms/${slug}/details`;
    find(root, "[data-room-people]", HTMLAnchorElement).href = `/rooms/${slug}/people`;
    this.#room = new RoomPage(root, facts, this.#shared, seq);
    try {
      localStorage.setItem(LAST_ROOM_KEY, slug);
    } catch {
      // Then the start page does not lead on.
    }
    this.#showRooms();
  }

  /** @param {import("./room/room-view.js").RoomFacts} facts */
  #name({ room: { slug, kind }, title, role }) {
    if (this.#root) Object.assign(this.#root.dataset, { room: slug, kind });
    this.#mark.setTitle(`${isolated(title)} · Parley`);
    if (role && !this.#directory.rooms.has(slug)) this.#directory.want(slug);
  }

  #listen() {
    const client = this.#client;
    const apply = (/** @type {string} */ type) => (/** @type {any} */ data) => this.#apply({ type, ...data });
    client.on(
      "status", ({ status }) => status === "connected" && (this.#directory.refetch(), this.#refetchInvitations()),
    );
    client.on("new_message", ({ message }) => this.#newMessage(message));
    // A reply is a message like any other; it comes by this name.
    client.on("stream_start", ({ message }) => message.seq === message.change && this.#newMessage(message));
    client.on("read_updated", apply("read"));
    client.on("room_updated", ({ room }) => this.#roomUpdated(room));
    client.on("draft_updated", (data) => data.user.id === this.#me.id && this.#apply({ type: "draft", ...data }));
    client.on("notification", (notification, frame) => this.#notified(notification, frame.timestamp));
  }

  async #refetchInvitations() {
    try {
      this.#invitations.replace((await this.#client.request("list_invitations")).invitations);
    } catch {
      // The next connection asks again.
    }
  }

  /** @param {import("../protocol.d.ts").Room} room */
  #roomUpdated(room) {
    if (room.slug === this.#room?.slug && room.kind !== "direct")
      this.#mark.setTitle(`${isolated(room.name)} · Parley`);
    this.#apply({ type: "updated", room });
  }

  /** @param {import("../protocol.d.ts").Message} message */
  #newMessage(message) {
    if (message.kind !== "text") return;
    const mine = message.author?.id === this.#me.id;
    const seen = this.#room?.slug === message.room && this.#room.reading;
    this.#apply({ type: "message", message, mine, seen, mentioned: message.mentions?.includes(this.#me.id) });
  }

  /** @param {any} notification @param {number} at */
  #notified(notification, at) {
    /** @type {Record<string, () => unknown>} */
    const handlers = {
      unread: () =>
        this.#directory.rooms.has(notification.room)
          ? this.#apply({ type: "counted", at, ...notification })
          : this.#directory.want(notification.room),
      added: () => this.#directory.want(notification.room),
      removed: () => this.#removed(notification),
      muted: () => this.#apply({ type: "muted", ...notification }),
      mention: () => this.#mentioned(notification),
      invited: () => this.#invited(notification.invitation),
      uninvited: () => this.#invitations.remove(notification.room),
      announcement: () =>
        this.#toasts.show(notification.text, { title: "Announcement", kind: "announcement", lasting: true }),
    };
    handlers[notification.kind]?.();
  }

  /** @param {import("./rooms/invitations.js").Invitation} invitation */
  #invited(invitation) {
    this.#invitations.add(invitation);
    this.#toasts.show(isolated(invitation.name), {
      title: `${invitation.by ? fullNameInText(invitation.by) : nameInText(null)} invites you to a room`,
      href: "/invitations",
    });
  }

  /**
   * A ban says until when and why: in a closed room the person could never ask.
   * @param {{room: string, text?: string}} notification
   */
  #removed({ room, text }) {
    const known = this.#directory.rooms.get(room);
    const title = isolated(known ? roomTitle(known, this.#me.id) : room);
    if (text) this.#toasts.show(text, { title, kind: "error", lasting: true });
    this.#apply({ type: "removed", room });
  }

  /** @param {{room: string, message: import("../protocol.d.ts").Message}} notification */
  async #mentioned({ room, message }) {
    if (this.#room?.slug === room && document.visibilityState === "visible") return;
    if (!this.#directory.rooms.has(room)) await this.#directory.want(room);
    const known = this.#directory.rooms.get(room);
    const where = known ? roomTitle(known, this.#me.id) : room;
    const who = message.author ? nameInText(message.author) : "Someone";
    const title = `${who} mentioned you in ${isolated(where)}`;
    this.#toasts.show(excerptOf(quotable(message)), { title, href: `/rooms/${room}/?seq=${message.seq}` });
  }

  /** @param {{type: string, [fact: string]: any}} action */
  #apply(action) {
    this.#directory.apply(action);
  }

  /** @param {import("./rooms/room-directory.js").SectionKey} key */
  async #showMore(key) {
    try {
      await this.#directory.more(key);
    } catch {
      this.#toasts.show("More rooms can't be loaded right now. Try again when you're connected.", { kind: "error" });
    }
  }

  #showRooms() {
    this.#sidebar.show(this.#directory.rooms, this.#directory.cuts, this.#room?.slug ?? null);
    this.#mark.setCount(unreadTotal(this.#directory.rooms));
  }
}

new App().start();
