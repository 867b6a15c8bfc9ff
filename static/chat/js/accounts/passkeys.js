/**
 * Passkeys and security keys: runs the browser's ceremony when a form with `data-passkey` is submitted, puts the
 * credential into the form's input of that name, and sends the form.
 *
 *   data-passkey="create"   register one more; a `passwordless` checkbox decides whether it signs in alone
 *   data-passkey="signup"   register the first, which signs in alone
 *   data-passkey="get"      confirm with a registered one
 *   data-passkey="login"    sign in; the options are fetched from the form's address at that moment
 *   data-options            id of the JSON script with the options (all but "login")
 *
 * Forms that are `hidden` are shown once the browser turns out to know passkeys.
 */

import { byId, find, findAll } from "../pages/base/dom.js";
import { decode, encode } from "./base64url.js";

const IP_ADDRESS = /^[\d.]+$|^\[/;
/** @type {Record<string, string>} */
const MESSAGES = {
  NotAllowedError: "Nothing was confirmed, or it took too long. Try again.",
  InvalidStateError: "This device already has a passkey for your account.",
  NotSupportedError: "This device cannot make the kind of key that is asked for.",
  SecurityError: "The browser refuses passkeys at this address. They need https and a host name.",
};
const CANNOT_ALONE = ["NotAllowedError", "NotSupportedError", "ConstraintError"];
const NOT_ALONE =
  "Nothing was confirmed. Try again. If it is an older security key, it can't sign in alone: " +
  "untick “Sign in with it alone” first.";
const UNSUPPORTED = "This browser does not know passkeys, or the page did not come over https.";
const UNREACHABLE = "The server did not respond. Try again.";

class UnreachableError extends Error {}

/** @returns {boolean} */
export function supported() {
  const { PublicKeyCredential: known } = /** @type {Partial<typeof globalThis>} */ (globalThis);
  return Boolean(known && navigator.credentials);
}

/** Options as the server sends them (bytes as text) made into those that the browser takes. @param {any} publicKey */
function withBytes(publicKey) {
  const descriptors = (/** @type {any[]} */ list) =>
    list.map((descriptor) => ({ ...descriptor, id: decode(descriptor.id) }));
  const options = { ...publicKey, challenge: decode(publicKey.challenge) };
  if (publicKey.user) options.user = { ...publicKey.user, id: decode(publicKey.user.id) };
  if (publicKey.excludeCredentials) options.excludeCredentials = descriptors(publicKey.excludeCredentials);
  if (publicKey.allowCredentials) options.allowCredentials = descriptors(publicKey.allowCredentials);
  return options;
}

/** The browser's credential, as the server reads it. @param {PublicKeyCredential} credential */
function asJson(credential) {
  return JSON.stringify({
    type: credential.type,
    id: credential.id,
    rawId: encode(credential.rawId),
    authenticatorAttachment: credential.authenticatorAttachment,
    response: responseOf(credential.response),
    clientExtensionResults: credential.getClientExtensionResults(),
  });
}

/** @param {AuthenticatorResponse} response */
function responseOf(response) {
  const clientDataJSON = encode(response.clientDataJSON);
  if ("attestationObject" in response) {
    const made = /** @type {AuthenticatorAttestationResponse} */ (response);
    const transports = made.getTransports?.() ?? [];
    return { clientDataJSON, attestationObject: encode(made.attestationObject), transports };
  }
  const { authenticatorData, signature, userHandle } = /** @type {AuthenticatorAssertionResponse} */ (response);
  return {
    clientDataJSON,
    authenticatorData: encode(authenticatorData),
    signature: encode(signature),
    userHandle: userHandle ? encode(userHandle) : null,
  };
}

/**
 * A key that signs in alone must be stored on the device and ask who is there; another need not.
 * @param {any} publicKey
 * @param {boolean} alone
 */
function requireAlone(publicKey, alone) {
  const selection = { ...publicKey.authenticatorSelection };
  selection.residentKey = alone ? "required" : "discouraged";
  selection.requireResidentKey = alone;
  if (alone) selection.userVerification = "required";
  return { ...publicKey, authenticatorSelection: selection };
}

/** @param {HTMLFormElement} form */
async function create(form) {
  const { publicKey } = options(form).creation_options;
  const asked = form.dataset.passkey === "signup" ? publicKey : requireAlone(publicKey, isAlone(form));
  return navigator.credentials.create({ publicKey: withBytes(asked) });
}

/** @param {HTMLFormElement} form */
async function get(form) {
  const { publicKey } =
    form.dataset.passkey === "login" ? await fetchOptions(form.action) : options(form).request_options;
  return navigator.credentials.get({ publicKey: withBytes(publicKey) });
}

/** Is the key wanted to sign in alone? @param {HTMLFormElement} form */
function isAlone(form) {
  const box = form.elements.namedItem("passwordless");
  return box instanceof HTMLInputElement && box.checked;
}

/** @param {HTMLFormElement} form */
function options(form) {
  return JSON.parse(byId(form.dataset.options ?? "", HTMLScriptElement).text);
}

/** @param {string} url */
async function fetchOptions(url) {
  let response;
  try {
    response = await fetch(url, { headers: { Accept: "application/json" } });
  } catch {
    throw new UnreachableError();
  }
  if (!response.ok || response.redirected) throw new UnreachableError();
  return (await response.json()).request_options;
}

/** @param {Error} error @param {HTMLFormElement} form */
function explain(error, form) {
  if (error instanceof UnreachableError) return UNREACHABLE;
  // A key that can't sign in alone is refused like one that was never touched: by silence, to the end of the wait.
  if (isAlone(form) && CANNOT_ALONE.includes(error.name)) return NOT_ALONE;
  if (error.name === "SecurityError" && IP_ADDRESS.test(location.hostname)) {
    const own = `http://localhost${location.port && `:${location.port}`}`;
    return `Passkeys need a host name, and ${location.hostname} is a number. On your own machine, open ${own} instead.`;
  }
  return MESSAGES[error.name] ?? `That did not work (${error.name}).`;
}

class PasskeyForm {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.button = find(form, "button[type=submit]", HTMLButtonElement);
    this.message = find(form, "[data-passkey-error]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run();
    });
    form.hidden = false;
  }

  async run() {
    if (!supported()) return this.say(UNSUPPORTED);
    this.say("");
    // Two ceremonies at once are refused by the browser.
    this.button.disabled = true;
    try {
      const isNew = /create|signup/.test(this.form.dataset.passkey ?? "");
      const credential = /** @type {PublicKeyCredential} */ (await (isNew ? create(this.form) : get(this.form)));
      find(this.form, "[name=credential]", HTMLInputElement).value = asJson(credential);
      this.form.submit();
    } catch (error) {
      this.say(explain(/** @type {Error} */ (error), this.form));
    } finally {
      this.button.disabled = false;
    }
  }

  /** @param {string} text */
  say(text) {
    this.message.textContent = text;
    this.message.hidden = text === "";
  }
}

for (const form of findAll(document, "form[data-passkey]")) {
  if (supported() || !form.hidden) new PasskeyForm(/** @type {HTMLFormElement} */ (form));
}
