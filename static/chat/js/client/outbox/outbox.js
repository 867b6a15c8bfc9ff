/**
 * Where unconfirmed messages are kept: in IndexedDB, per user, shared by the user's tabs, over reloads and crashes. It
 * stores and tells of changes; it never sends anything.
 */

/** @typedef {import("../state.d.ts").Entry} Entry */

/**
 * @typedef {object} OutboxStore
 * @property {() => Promise<Entry[]>} all in order
 * @property {(entry: Entry) => Promise<void>} put
 * @property {(clientId: string) => Promise<void>} remove
 * @property {(from: string, to: string) => Promise<void>} adopt makes every entry of one tab another tab's
 * @property {(run: () => void) => void} onChange what to do when another tab has changed something
 * @property {() => Promise<void>} clear
 * @property {() => void} close
 */

const STORE = "entries";

/** @implements {OutboxStore} */
export class Outbox {
  #name;
  /** @type {Promise<IDBDatabase> | null} */
  #database = null;
  /** @type {BroadcastChannel | null} */
  #channel = null;

  /** @param {string} userId whose messages: those of one person are never sent as another */
  constructor(userId) {
    this.#name = `parley-outbox-${userId}`;
  }

  async all() {
    const rows = await this.#run("readonly", (store) => store.getAll());
    return /** @type {Entry[]} */ (rows).sort(inOrder);
  }

  /** @param {Entry} entry */
  async put(entry) {
    await this.#run("readwrite", (store) => store.put(entry));
    this.#tell();
  }

  /** @param {string} clientId */
  async remove(clientId) {
    await this.#run("readwrite", (store) => store.delete(clientId));
    this.#tell();
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  async adopt(from, to) {
    await this.#run("readwrite", (store) => {
      const request = store.openCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return;
        if (cursor.value.owner === from) cursor.update({ ...cursor.value, owner: to });
        cursor.continue();
      };
      return request;
    });
    this.#tell();
  }

  async clear() {
    await this.#run("readwrite", (store) => store.clear());
    this.#tell();
  }

  /** @param {() => void} run */
  onChange(run) {
    this.#channel ??= new BroadcastChannel(this.#name);
    this.#channel.onmessage = run;
  }

  close() {
    this.#channel?.close();
    this.#channel = null;
    this.#database?.then((database) => database.close(), () => {});
    this.#database = null;
  }

  /**
   * Resolves when the transaction is complete: only then is the entry safe.
   * @param {IDBTransactionMode} mode
   * @param {(store: IDBObjectStore) => IDBRequest} ask
   * @returns {Promise<any>}
   */
  async #run(mode, ask) {
    const database = await this.#open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const request = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
  }

  #open() {
    this.#database ??= openDatabase(this.#name).then((database) => {
      // Without this, another tab that opens a newer version, or signs out and deletes it, would wait forever.
      database.onversionchange = () => this.close();
      return database;
    });
    // A failure must not stick: the disk may have room again at the next try.
    this.#database.catch(() => (this.#database = null));
    return this.#database;
  }

  #tell() {
    this.#channel?.postMessage("changed");
  }
}

/** The same in memory, for tests and for places without IndexedDB. @implements {OutboxStore} */
export class MemoryOutbox {
  /** @type {Map<string, Entry>} */
  #entries = new Map();

  async all() {
    return [...this.#entries.values()].sort(inOrder);
  }

  /** @param {Entry} entry */
  async put(entry) {
    this.#entries.set(entry.clientId, entry);
  }

  /** @param {string} clientId */
  async remove(clientId) {
    this.#entries.delete(clientId);
  }

  /**
   * @param {string} from
   * @param {string} to
   */
  async adopt(from, to) {
    for (const entry of this.#entries.values()) {
      if (entry.owner === from) this.#entries.set(entry.clientId, { ...entry, owner: to });
    }
  }

  async clear() {
    this.#entries.clear();
  }

  onChange() {}

  close() {}
}

/**
 * @param {Entry} a
 * @param {Entry} b
 */
export const inOrder = (a, b) => a.order - b.order || (a.clientId < b.clientId ? -1 : 1);

/**
 * @param {string} name
 * @returns {Promise<IDBDatabase>}
 */
function openDatabase(name) {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "clientId" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error ?? new Error("The outbox is blocked."));
  });
}
