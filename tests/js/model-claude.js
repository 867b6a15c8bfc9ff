/**
 * Claude in the model of the server's room: replies that stream, end, die, are retried and continued. What each run has
 * said at each `n` is remembered, as the measure of what a tab may show.
 */

const isOpen = (row) => row.reply && ["queued", "running"].includes(row.reply.state);
/** Quotes show the beginning of a message up to this length: longer texts would need the server's way of cutting. */
const TEXT_LIMIT = 120;

export class ModelClaude {
  #server;
  #random;
  /** Runs that stream now, by message. */
  #runs = new Map();
  /** Runs whose reply was taken away from them, and that go on talking until they notice. */
  #zombies = [];
  /** The versions of each reply, by message and number. */
  #versions = new Map();
  /** `id/version/attempt` -> the text at each n. */
  said = new Map();
  happened = { ended: 0, died: 0, retried: 0, continued: 0, withdrawn: 0, shown: 0, zombieWords: 0 };

  constructor(server, random) {
    this.#server = server;
    this.#random = random;
  }

  #pick(rows) {
    return rows[Math.floor(this.#random() * rows.length)];
  }

  #some(...states) {
    return this.#pick(this.#server.rows.filter((row) => row.reply && !row.deletedAt && states.includes(row.reply.state)));
  }

  /** @returns {any[]} the events of the prompt and of the reply that waits */
  ask(prompt) {
    const asked = this.#server.post(prompt);
    const row = this.#server.add({ content: "", author: { id: "9" }, reply: this.#queued(1, 1, 0, "") });
    this.#versions.set(row.id, [null]);
    this.#remember(row, 0, "");
    return [asked, this.#server.event(row)];
  }

  #queued(version, attempt, n, thinking) {
    return { state: "queued", change: this.#server.change + 1, version, versions: version, attempt, n, thinking };
  }

  #remember({ id, reply }, n, text) {
    const key = `${id}/${reply.version}/${reply.attempt}`;
    if (!this.said.has(key)) this.said.set(key, new Map());
    this.said.get(key).set(n, text);
  }

  /** One state of a reply, with its event. */
  #move(row, state, more = {}) {
    const { reply, ...facts } = more;
    return this.#server.write({ ...row, ...facts, reply: { ...row.reply, ...reply, state, change: this.#server.change + 1 } });
  }

  claim() {
    const row = this.#some("queued");
    if (!row) return null;
    const { version, attempt, n } = row.reply;
    this.#runs.set(row.id, { id: row.id, version, attempt, n, text: row.content, thinking: row.reply.thinking, saved: { n, text: row.content, thinking: row.reply.thinking } });
    return this.#move(row, "running");
  }

  /** The next words of some run, now and then of one that is dead without knowing it. */
  say() {
    const isZombie = this.#zombies.length > 0 && this.#random() < 0.2;
    const run = this.#pick(isZombie ? this.#zombies : [...this.#runs.values()]);
    if (!run || run.text.length > TEXT_LIMIT) return null;
    if (isZombie) this.happened.zombieWords += 1;
    return this.#speak(run);
  }

  #speak(run) {
    const thought = this.#random() < 0.2 ? "t" : undefined;
    // No two runs say the same, so that words of another run are seen.
    const word = thought ? "" : `${String.fromCharCode(97 + Math.floor(this.#random() * 26))}${run.attempt}.`;
    run.n += 1;
    run.text += word;
    run.thinking += thought ?? "";
    const { id, version, attempt, n } = run;
    // Until a tab hears that the run is dead it may show its words; never as those of another run.
    this.#remember({ id, reply: { version, attempt } }, n, run.text);
    return { room: "general", messageId: id, version, attempt, n, text: word, ...(thought && { thinking: thought }) };
  }

  /** Every running reply says one more thing: a tab that has missed something notices it now. */
  sayOnce() {
    return [...this.#runs.values()].map((run) => this.#speak(run));
  }

  /** A checkpoint goes into the row, and is no change of the room. */
  save() {
    const run = this.#pick([...this.#runs.values()]);
    if (run) this.#save(run);
  }

  #save(run) {
    run.saved = { n: run.n, text: run.text, thinking: run.thinking };
    const at = this.#server.rows.findIndex((row) => row.id === run.id);
    const row = this.#server.rows[at];
    if (row) this.#server.rows[at] = { ...row, reply: { ...row.reply, n: run.n, thinking: run.thinking } };
  }

  end(id) {
    const run = id ? this.#runs.get(id) : this.#pick([...this.#runs.values()]);
    const row = run && this.#server.rows.find((other) => other.id === run.id);
    if (!row) return null;
    this.happened.ended += 1;
    this.#runs.delete(run.id);
    this.#save(run);
    const fresh = this.#server.rows.find((other) => other.id === run.id);
    return this.#closed(this.#move(fresh, this.#random() < 0.5 ? "complete" : "stopped", { content: run.text }));
  }

  /** The runner is killed or frozen: only what it had saved is kept. */
  die() {
    const run = this.#pick([...this.#runs.values()]);
    const row = run && this.#server.rows.find((other) => other.id === run.id);
    if (!row) return null;
    this.happened.died += 1;
    this.#runs.delete(run.id);
    this.#zombies.push(run);
    const { n, text, thinking } = run.saved;
    return this.#closed(this.#move(row, "interrupted", { content: text, reply: { n, thinking } }));
  }

  #closed(event) {
    const row = this.#server.rows.find((other) => other.id === event.message.id);
    this.#versions.get(row.id)[row.reply.version - 1] = row;
    return event;
  }

  retry() {
    const row = this.#some("complete", "stopped", "interrupted");
    if (!row) return null;
    this.happened.retried += 1;
    const versions = this.#versions.get(row.id);
    const isEmpty = !row.content && row.reply.version === versions.length;
    const version = isEmpty ? row.reply.version : versions.length + 1;
    if (!isEmpty) versions.push(null);
    const reply = this.#queued(version, isEmpty ? row.reply.attempt + 1 : 1, isEmpty ? row.reply.n : 0, "");
    const event = this.#server.write({ ...row, content: "", reply });
    this.#remember(event.message, reply.n, "");
    return event;
  }

  goOn() {
    const row = this.#some("stopped", "interrupted");
    if (!row?.content || row.reply.version !== this.#versions.get(row.id).length) return null;
    this.happened.continued += 1;
    const { version, attempt, n, thinking } = row.reply;
    const event = this.#server.write({ ...row, reply: this.#queued(version, attempt + 1, n, thinking) });
    this.#remember(event.message, n, row.content);
    return event;
  }

  /** The prompt of a queued reply was deleted. */
  withdraw() {
    const row = this.#some("queued");
    if (!row) return null;
    this.happened.withdrawn += 1;
    return this.#move(row, "stopped", { content: "", deletedAt: this.#server.change + 1 });
  }

  show() {
    const row = this.#some("complete", "stopped", "interrupted");
    const other = row && this.#pick(this.#versions.get(row.id));
    if (!other || isOpen(row)) return null;
    this.happened.shown += 1;
    const { content, reply } = other;
    return this.#server.write({ ...row, content, reply: { ...reply, versions: this.#versions.get(row.id).length } });
  }

  keyframe(id) {
    const run = this.#runs.get(id);
    const row = this.#server.rows.find((other) => other.id === id);
    if (!row || row.deletedAt) return null;
    const { version, attempt, n, thinking, state } = row.reply;
    if (!run) return { messageId: id, version, attempt, n, text: row.content, thinking, state };
    // Its runner may not respond in time; the checkpoint does.
    const from = this.#random() < 0.3 ? run.saved : run;
    return { messageId: id, version, attempt, n: from.n, text: from.text, thinking: from.thinking, state };
  }

  /** What a running reply has said, and its n. */
  newest(id) {
    const run = this.#runs.get(id);
    return [run?.n, run?.text];
  }

  keyframes() {
    return [...this.#runs.keys()].map((id) => this.keyframe(id)).filter(Boolean);
  }

  /** Rows were purged: what streamed in them is gone. */
  purged() {
    for (const id of [...this.#runs.keys()]) if (!this.#server.rows.some((row) => row.id === id)) this.#runs.delete(id);
  }

  /** All that waits or runs comes to its end. */
  *finish() {
    while (this.#some("queued")) yield this.claim();
    for (const id of [...this.#runs.keys()]) yield this.end(id);
  }
}
