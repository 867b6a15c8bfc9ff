/**
 * Says honestly, and quietly, when there is no connection. Short breaks pass without a word.
 */

import { el, find } from "../base/dom.js";
import { SignedOut } from "./signed-out.js";

/** Most breaks are over before this. */
export const QUIET_MS = 5_000;
const TICK_MS = 1_000;
/** Endings after which signing in is what helps. */
/** @type {Record<string, string>} */
const SIGNED_OUT = {
  UNAUTHORIZED: "You are signed out.", DEACTIVATED: "This account is not active.",
  BANNED: "This account is banned. Sign in to read why.",
};
const STATUS_TEXT = { connected: "Online", connecting: "Connecting…", disconnected: "Offline" };

export class ConnectionBanner {
  #root;
  #client;
  #signInUrl;
  /** When the connection was lost. @type {number | null} */
  #since = Date.now();
  #hasConnected = false;
  #leave = new SignedOut();
  /** @type {any} */
  #timer = null;
  /** @type {string} */
  #shown = "";

  /** @param {HTMLElement} root @param {{client: import("../../client/client.js").Client, signInUrl: string}} options */
  constructor(root, { client, signInUrl }) {
    this.#root = root;
    this.#client = client;
    this.#signInUrl = signInUrl;
    client.on("status", () => this.#update());
    this.#update();
  }

  #update() {
    const { status, error } = this.#client;
    this.#hasConnected ||= status === "connected";
    // Nothing is known yet: "offline" would flash up with every page.
    const isOpening = !this.#hasConnected && !error;
    document.documentElement.dataset.connection = isOpening ? "connecting" : status;
    for (const text of document.querySelectorAll("[data-connection-text]"))
      text.textContent = isOpening ? STATUS_TEXT.connecting : STATUS_TEXT[status];
    this.#leave.show(error?.fatal && error.code in SIGNED_OUT);
    if (status === "connected") this.#since = null;
    else this.#since ??= Date.now();
    this.#show();
  }

  #show() {
    clearTimeout(this.#timer);
    if (this.#since === null) return this.#put("", []);
    const { error } = this.#client;
    if (error?.fatal) return this.#put(SIGNED_OUT[error.code] ?? error.message, this.#ending(error));
    const quiet = this.#since + QUIET_MS - Date.now();
    this.#timer = setTimeout(() => this.#show(), quiet > 0 ? quiet : TICK_MS);
    if (quiet > 0) return this.#put("", []);
    const seconds = Math.ceil(((this.#client.retryAt ?? 0) - Date.now()) / 1000);
    const text = seconds > 0 ? `Reconnecting in ${seconds} s…` : "Reconnecting…";
    const tryNow = el(
      "button", { class: "link-button", type: "button", onclick: () => this.#client.reconnectNow() }, "Try now",
    );
    return this.#put(text, [tryNow]);
  }

  /** @param {{code: string}} error */
  #ending({ code }) {
    if (code in SIGNED_OUT) {
      const back = encodeURIComponent(location.pathname + location.search);
      return [el("a", { href: `${this.#signInUrl}?next=${back}` }, "Sign in")];
    }
    return [
      el("button", { class: "link-button", type: "button", onclick: () => location.reload() }, "Reload the page"),
    ];
  }

  /** @param {string} text @param {HTMLElement[]} actions */
  #put(text, actions) {
    if (text === this.#shown) return;
    const onlyTheSecondsChanged = text.startsWith("Reconnecting") && this.#shown.startsWith("Reconnecting");
    this.#shown = text;
    this.#root.hidden = !text;
    // The button stays the same element while the seconds count, or the focus would be lost every second.
    if (onlyTheSecondsChanged) find(this.#root, ".banner-text").textContent = text;
    else this.#root.replaceChildren(...(text ? [dot(), el("span", { class: "banner-text" }, text), ...actions] : []));
    // A screen reader hears of the state once, not of every second.
    this.#root.setAttribute("aria-live", onlyTheSecondsChanged ? "off" : "polite");
  }
}

const dot = () => el("span", { class: "dot", "aria-hidden": "true" });
