/**
 * The members of a room, as far as the page knows them. In a large room it begins with some, and asks the server for
 * those whose names are being typed.
 */

const LOOK_UP_AFTER_MS = 150;

/** @typedef {import("./people-panel.js").Person} Person */
/** @typedef {{people: Person[], peopleCount: number}} ListedPeople */

export class RoomPeople {
  #slug;
  #people;
  #count;
  #onFound;
  /** Found by name: they complete what is typed, and are not listed. @type {Map<string, Person>} */
  #found = new Map();
  /** What was asked for. @type {Set<string>} */
  #asked = new Set();
  #timer = 0;
  #ending = new AbortController();

  /** @param {ListedPeople & {room: {slug: string}}} facts @param {() => void} onFound */
  constructor({ room, people, peopleCount }, onFound) {
    this.#slug = room.slug;
    this.#people = people;
    this.#count = peopleCount;
    this.#onFound = onFound;
  }

  /** What was missing when the page was opened. @param {ListedPeople} facts */
  learn({ people, peopleCount }) {
    this.#people = people;
    this.#count = peopleCount;
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#ending.abort();
  }

  /** Those to be listed: the same array until one of them changes. */
  get listed() {
    return this.#people;
  }

  get count() {
    return this.#count;
  }

  /** All who are known, for completing a name. @param {string} typed what their names begin with */
  like(typed) {
    this.#lookUp(typed);
    return this.#found.size ? [...this.#people, ...this.#found.values()] : this.#people;
  }

  /** @param {{user: import("../../protocol.d.ts").UserRef, role: string | null}} fact */
  update({ user, role }) {
    const known = this.#people.find((person) => person.id === user.id);
    const others = this.#people.filter((person) => person !== known);
    const isPart = this.#people.length < this.#count;
    if (role === null) {
      this.#count -= known || isPart ? 1 : 0;
      this.#found.delete(user.id);
    } else if (!known) this.#count += 1;
    this.#people = role === null ? others : [...others, { ...known, displayName: "", ...user, role }];
  }

  /** @param {string} typed */
  #lookUp(typed) {
    clearTimeout(this.#timer);
    if (!typed || this.#people.length >= this.#count || this.#asked.has(typed)) return;
    this.#timer = setTimeout(() => this.#fetch(typed), LOOK_UP_AFTER_MS);
  }

  /** @param {string} typed */
  async #fetch(typed) {
    this.#asked.add(typed);
    try {
      const { signal } = this.#ending;
      const response = await fetch(`/rooms/${this.#slug}/people/like?q=${encodeURIComponent(typed)}`, {
        headers: { Accept: "application/json" }, signal,
      });
      if (!response.ok) throw new Error(String(response.status));
      for (const person of (await response.json()).people) this.#found.set(person.id, person);
      this.#onFound();
    } catch {
      this.#asked.delete(typed); // without a connection: asked again with the next letter
    }
  }
}
