/** Whatever is lost, repeated, delayed or loaded in between: the room ends equal to a fresh load. */

import { reduceRoom } from "chat/client/rooms/room-state.js";
import { freshLoad, microtasks, ModelServer, ModelTab } from "./model-room.js";
import { equal, ok, pause, seeded, test } from "./testing.js";

const RUNS = 250;
const STEPS = 240;

/** One random life of a tab. @param {number} seed */
async function live(seed) {
  const random = seeded(seed);
  const server = new ModelServer(random);
  const { claude } = server;
  const tab = new ModelTab(server, random);
  const some = () => server.rows[Math.floor(random() * server.rows.length)];
  const recent = () => server.rows.at(-1 - Math.floor(random() * Math.min(8, server.rows.length)));
  const start = Math.floor(random() * 40);
  for (let n = 0; n < start; n += 1) server.post(`old ${n}`);
  tab.connect();
  const steps = [
    [14, () => tab.hear(server.post(`new ${server.change}`, random() < 0.3 ? some() : undefined))],
    [8, () => server.rows.length && tab.hear(server.edit(random() < 0.5 ? some() : recent(), `edit ${server.change}`))],
    [3, () => server.rows.length && tab.hear(server.remove(recent()))],
    [2, () => claude.ask(`prompt ${server.change}`).forEach((event) => tab.hear(event))],
    [2, () => tab.execute(`mine ${server.change}`)],
    [5, () => tab.hear(claude.claim())],
    [40, () => tab.hearDelta(claude.say())],
    [3, () => claude.save()],
    [2, () => tab.hear(claude.end())],
    [1.5, () => tab.hear(claude.die())],
    [2, () => tab.hear(claude.retry())],
    [2, () => tab.hear(claude.goOn())],
    [0.5, () => tab.hear(claude.withdraw())],
    [1, () => tab.hear(claude.show())],
    [26, () => tab.deliverEvent()],
    [38, () => tab.deliverDelta()],
    [8, () => tab.tick()],
    [6, () => tab.repeatOne()],
    [10, () => tab.readRequest()],
    [10, () => tab.deliverResponse()],
    [3, () => tab.load("older")],
    [3, () => tab.load("newer")],
    [2, () => tab.load("around")],
    [2, () => tab.load("newest")],
    [1.5, () => tab.connect()],
    [0.2, () => {
      server.purge(10);
      tab.connect();
    }],
    [0.5, () => tab.apply({ type: "trimmed", keep: 5 })],
  ];
  const total = steps.reduce((sum, [weight]) => sum + weight, 0);
  for (let step = 0; step < STEPS; step += 1) {
    let at = random() * total;
    steps.find(([weight]) => (at -= weight) < 0)[1]();
    await microtasks();
    wellFormed(tab.state);
  }
  await catchesUp(server, tab);
  for (const event of claude.finish()) tab.hear(event);
  await tab.drain();
  return { server, tab };
}

/** After the faults one more word is enough: of every reply in the window, what was missed before it is fetched. */
async function catchesUp({ claude }, tab) {
  await tab.drain();
  for (const delta of claude.sayOnce()) tab.deltas.push(delta);
  await tab.drain();
  for (const { id, reply } of tab.state.messages.filter((row) => row.reply?.state === "running")) {
    const stream = tab.streams.stream("general", id);
    equal([stream?.n, stream?.text], claude.newest(id), `reply ${id}, version ${reply.version}, attempt ${reply.attempt}`);
  }
}

/** True at every moment, not only at the end. */
function wellFormed({ messages }) {
  messages.forEach((message, at) => {
    if (at > 0 && messages[at - 1].seq >= message.seq) throw new Error("the messages are out of order");
  });
}

/** @param {ModelServer} server @param {any} state */
function sameAsTruth(server, state) {
  equal([state.change, state.epoch, state.buffer.length, state.loads, state.aside.size], [server.change, server.epoch, 0, 0, 0]);
  const first = state.messages[0]?.seq ?? 0;
  const last = state.hasNewer ? state.messages.at(-1).seq : Infinity;
  const truth = server.rows.filter((row) => (!state.hasMore || row.seq >= first) && row.seq <= last);
  const encoded = truth.map((row) => server.encode(row));
  // A row that came as stream_end is not rendered yet: that is all that it may lack.
  equal(state.messages.map((row, at) => ({ html: row.reply ? encoded[at]?.html : "missing", ...row })), encoded);
  equal(state.hasNewer, server.rows.some((row) => row.seq > last), "hasNewer");
  ok(state.hasMore || !server.rows.some((row) => row.seq < first), "hasMore");
}

test("any interleaving of events, deltas, keyframes, losses, repeats, recoveries and history pages ends equal to a fresh load", async () => {
  const faults = {};
  const count = (...all) => {
    for (const [name, times] of all.flatMap(Object.entries)) faults[name] = (faults[name] ?? 0) + times;
  };
  for (let seed = 1; seed <= RUNS; seed += 1) {
    if (seed % 20 === 0) await pause(0);
    try {
      const { server, tab } = await live(seed);
      sameAsTruth(server, tab.state);
      equal(tab.streams.streams("general"), [], "streams after their end");
      if (tab.state.hasNewer) {
        tab.load("newest");
        await tab.drain();
      }
      const fresh = freshLoad(server);
      // After a trim fewer rows than a page may be loaded.
      const shared = Math.min(fresh.messages.length, tab.state.messages.length);
      const bare = (rows) => rows.slice(-shared).map(({ html, ...row }) => row);
      equal(bare(tab.state.messages), bare(fresh.messages), "the last page");
      equal([tab.state.change, tab.state.epoch, tab.state.hasNewer], [fresh.change, fresh.epoch, false]);
      count(tab.faults, server.claude.happened);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error.message}`);
    }
  }
  // Not vacuous: each kind of trouble really happened.
  for (const [name, times] of Object.entries(faults)) ok(times > RUNS / 10, `${name} happened only ${times} times`);
});

test("events alone, one after another, are the same as a fresh load", () => {
  const server = new ModelServer();
  let state = freshLoad(server);
  for (let n = 0; n < 300; n += 1) {
    const row = server.rows[(n * 7) % server.rows.length];
    const event = n % 5 === 4 ? server.edit(row, `edit ${n}`) : n % 11 === 10 ? server.remove(row) : server.post(`m ${n}`, row);
    if (event) state = reduceRoom(state, { type: "durable", ...event });
  }
  sameAsTruth(server, state);
});

test("a repeat of everything changes nothing, and gives back the same state", () => {
  const server = new ModelServer();
  let state = freshLoad(server);
  const events = [];
  for (let n = 0; n < 40; n += 1) events.push(server.post(`m ${n}`));
  events.push(server.edit(server.rows[3], "edited"));
  for (const event of events) state = reduceRoom(state, { type: "durable", ...event });
  const before = state;
  for (const event of events) state = reduceRoom(state, { type: "durable", ...event });
  ok(state === before, "another state object");
});
