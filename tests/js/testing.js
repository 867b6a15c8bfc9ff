/**
 * What the tests are written with: `test`, a few checks, a fast clock, a fake socket, and a way to wait.
 */

/** @type {Array<{name: string, run: () => Promise<void>}>} */
export const declared = [];

/** @param {string} name a sentence @param {() => any} run */
export const test = (name, run) => declared.push({ name, run: async () => run() });

/** @param {any} value @param {string} [message] */
export function ok(value, message = "expected something true") {
  if (!value) throw new Error(message);
}

/** Deep equality. @param {any} actual @param {any} expected @param {string} [message] */
export function equal(actual, expected, message = "") {
  const [left, right] = [canonical(actual), canonical(expected)];
  if (left !== right) throw new Error(`${message}\n  got      ${left}\n  expected ${right}`);
}

/** @param {Promise<any>} promise @param {string} code */
export async function rejects(promise, code) {
  const error = await promise.then(() => null, (reason) => reason);
  if (!error) throw new Error(`expected a rejection with ${code}`);
  equal(error.code, code, String(error));
  return error;
}

/** @param {any} value */
function canonical(value) {
  return JSON.stringify(value, (_, inner) => {
    if (inner instanceof Map) return ["Map", ...inner];
    if (inner === null || typeof inner !== "object" || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  }) ?? "undefined";
}

/** @param {() => any} condition @param {string} [what] @param {number} [ms] */
export async function until(condition, what = String(condition), ms = 8_000) {
  const end = performance.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`never came true: ${what}`);
    await pause(10);
  }
}

/** @param {number} ms */
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets everything run that is ready, without time passing for the fast clock. */
export const settle = () => pause(0).then(() => pause(0));

/** Random numbers that are the same at every run. @param {number} seed */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that moves only when a test says so. */
export class FastClock {
  #now = 1_000_000;
  #timers = new Set();

  now = () => this.#now;

  setTimeout = (run, ms) => {
    const timer = { run, at: this.#now + ms };
    this.#timers.add(timer);
    return timer;
  };

  clearTimeout = (timer) => this.#timers.delete(timer);

  get pending() {
    return this.#timers.size;
  }

  /** @param {number} ms */
  async pass(ms) {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const next = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = end;
  }

  /** The machine sleeps: time passes, and timers fire only afterwards. @param {number} ms */
  async sleep(ms) {
    this.#now += ms;
    await this.pass(0);
  }
}

/** The browser's side of a socket whose server is the test. */
export class FakeSocket {
  /** @type {FakeSocket[]} */
  static made = [];

  readyState = WebSocket.CONNECTING;
  sent = [];
  onmessage = null;
  onclose = null;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
    FakeSocket.made.push(this);
  }

  static get last() {
    return FakeSocket.made.at(-1);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.closedWith = code ?? "no code";
    this.readyState = WebSocket.CLOSING;
  }

  /** @param {string} type @param {any} [data] @param {object} [more] */
  say(type, data = {}, more = {}) {
    this.onmessage?.({ data: JSON.stringify({ type, success: true, timestamp: 0, data, ...more }) });
  }

  welcome(heartbeat = { interval: 30_000, timeout: 10_000 }) {
    this.readyState = WebSocket.OPEN;
    this.say("welcome", { connectionId: "c", user: { id: "1", username: "alice" }, serverTime: 0, heartbeat });
  }

  /** @param {number} code @param {string} [reason] */
  end(code, reason = "") {
    this.readyState = WebSocket.CLOSED;
    this.onclose?.({ code, reason });
  }
}

let worlds = 0;

/** A scripted server of one test: see peer.py. */
export class World {
  #name = `${Date.now()}-${(worlds += 1)}`;
  #peer = new URLSearchParams(location.search).get("peer");
  #responses = [];
  /** @type {Promise<WebSocket>} */
  #control = new Promise((resolve, reject) => {
    const socket = new WebSocket(`${this.#peer}/control/${this.#name}`);
    socket.onopen = () => resolve(socket);
    socket.onerror = () => reject(new Error("no peer"));
    socket.onmessage = (event) => this.#responses.shift()(JSON.parse(event.data));
  });

  url = `${this.#peer}/ws/${this.#name}`;

  /** @param {string} order @param {object} [facts] */
  async do(order, facts = {}) {
    const socket = await this.#control;
    return new Promise((resolve) => {
      this.#responses.push(resolve);
      socket.send(JSON.stringify({ do: order, ...facts }));
    });
  }

  /** How often the clients have sent this type of frame. @param {string} type */
  async heard(type) {
    return (await this.do("log")).heard.filter((frame) => frame.type === type);
  }
}

/**
 * Cuts all connections, and waits until this client has noticed: it may be back before anybody has looked at its status.
 * @param {World} world
 * @param {any} client
 */
export async function cutOff(world, client) {
  const gone = new Promise((resolve) => {
    const off = client.on("status", ({ status }) => status !== "connected" && resolve(off()));
  });
  await world.do("cut");
  await gone;
}
