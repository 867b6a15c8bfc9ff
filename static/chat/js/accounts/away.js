/**
 * The setting "when I am away": turns web push on and off in this browser, and says honestly how it stands.
 *
 * The page tells the server's public key and which endpoint the server has for this sign-in; "on" is only what both
 * know.
 */

import { find } from "../pages/base/dom.js";
import { decode } from "./base64url.js";

/** @typedef {"unsupported" | "install" | "blocked" | "off" | "on"} State */

const SAID = {
  unsupported: "This browser cannot show notifications of a site that is closed.",
  install: "Add Parley to your home screen first, and open it from there: only then can it notify you.",
  blocked: "Blocked by this browser. Allow notifications for this site in its settings, then come back.",
  off: "In this browser: when you are mentioned or written to directly, and have no tab open.",
  on: "This browser tells you when you are mentioned or written to directly, and have no tab open.",
};
const FAILED = "That did not work. Please try again.";
const WORKER = "/service-worker.js";

// The Content-Security-Policy lets only this name make the address of a script.
const policy = globalThis.trustedTypes?.createPolicy("parley-service-worker", { createScriptURL: () => WORKER });

class AwaySetting {
  /** @param {HTMLElement} element with data-key, data-endpoint and data-url */
  constructor(element) {
    this.#element = element;
    this.#endpoint = element.dataset.endpoint;
    this.#button = find(element, "button", HTMLButtonElement);
    this.#text = find(element, "[role=status]");
    this.#button.addEventListener("click", () => this.#toggle());
    // The permission is changed in another place, and people come back from there.
    document.addEventListener("visibilitychange", () => this.#look());
    this.#look();
  }

  #element;
  #endpoint;
  #button;
  #text;
  /** @type {State} */
  #state = "off";
  #busy = false;

  async #look() {
    if (this.#busy || document.visibilityState === "hidden") return;
    // A browser that keeps nothing for this site refuses even the question.
    const state = await this.#standing().catch(() => /** @type {State} */ ("unsupported"));
    if (!this.#busy) this.#show(state);
  }

  /** @returns {Promise<State>} */
  async #standing() {
    if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
      return isOutsideHomeScreen() ? "install" : "unsupported";
    }
    if (Notification.permission === "denied") return "blocked";
    const subscription = await (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();
    const agreed = Boolean(this.#endpoint) && subscription?.endpoint === this.#endpoint;
    return agreed && Notification.permission === "granted" ? "on" : "off";
  }

  /** @param {State} state @param {string} [said] */
  #show(state, said = SAID[state]) {
    this.#state = state;
    this.#element.dataset.state = state;
    this.#text.textContent = said;
    this.#button.hidden = state !== "on" && state !== "off";
    this.#button.textContent = state === "on" ? "Turn off" : "Turn on";
    this.#button.classList.toggle("button-primary", state === "off");
  }

  async #toggle() {
    if (this.#busy) return;
    this.#setBusy(true);
    try {
      await (this.#state === "on" ? this.#turnOff() : this.#turnOn());
      this.#show(await this.#standing());
    } catch {
      this.#show(await this.#standing(), Notification.permission === "denied" ? SAID.blocked : FAILED);
    } finally {
      this.#setBusy(false);
    }
  }

  async #turnOn() {
    if ((await Notification.requestPermission()) !== "granted") return;
    await navigator.serviceWorker.register(policy ? policy.createScriptURL(WORKER) : WORKER);
    const { pushManager } = await navigator.serviceWorker.ready;
    // What is left of another key or another person would refuse the new one, or be theirs.
    await (await pushManager.getSubscription())?.unsubscribe();
    const subscription = await pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: decode(this.#element.dataset.key ?? ""),
    });
    await this.#tell("POST", JSON.stringify(subscription));
    this.#endpoint = subscription.endpoint;
  }

  async #turnOff() {
    await this.#tell("DELETE");
    this.#endpoint = "";
    const registration = await navigator.serviceWorker.getRegistration("/");
    await (await registration?.pushManager.getSubscription())?.unsubscribe();
  }

  /** @param {string} method @param {string} [body] */
  async #tell(method, body) {
    const token = find(document, 'meta[name="csrf-token"]', HTMLMetaElement).content;
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token };
    const response = await fetch(this.#element.dataset.url ?? "", { method, body, headers });
    if (!response.ok) throw new Error(`push subscription: ${response.status}`);
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.#button.setAttribute("aria-busy", String(busy));
  }
}

/** iPhones and iPads know push on the home screen only. */
function isOutsideHomeScreen() {
  return "standalone" in navigator && !navigator.standalone;
}

const element = document.getElementById("away-setting");
if (element instanceof HTMLElement) new AwaySetting(element);
