/** Claude's replies through the client, against a scripted peer over a real socket. */

import { Client } from "chat/client/client.js";
import { MemoryOutbox } from "chat/client/outbox/outbox.js";
import { cutOff, equal, ok, pause, rejects, test, until, World } from "./testing.js";

/** @type {Client[]} */
const made = [];

/** A client that has joined the session, and is closed at the test's end. */
const inLab = (run) => async () => {
  const world = new World();
  const client = new Client({ url: world.url, ticketUrl: null, outbox: new MemoryOutbox(), backoffBaseMs: 50, backoffCapMs: 200, random: () => 0.2 });
  made.push(client);
  try {
    client.connect();
    await client.joinRoom("lab");
    await run(world, client);
  } finally {
    for (const other of made.splice(0)) other.close();
  }
};

const lab = (client) => client.room("lab");
const text = (client) => client.streams("lab")[0]?.text;
const speak = (world, ...words) => Promise.all(words.map((word) => world.do("speak", { room: "lab", text: word })));

test("a prompt streams its reply, and the room's state does not change on deltas", inLab(async (world, client) => {
  const told = [];
  client.on("stream", (slug, id, stream) => told.push([slug, id, stream && stream.text]));
  const { message, reply } = await client.execute("lab", "Hello?");
  equal([message.content, reply.reply.state, lab(client).messages.map((row) => row.id)], ["Hello?", "queued", [message.id, reply.id]]);
  await world.do("run", { room: "lab" });
  await until(() => lab(client).change === 3);
  const before = lab(client);
  await speak(world, "Hel", "lo");
  await until(() => client.stream("lab", reply.id)?.text === "Hello");
  ok(lab(client) === before, "another room state");
  await world.do("finish", { room: "lab" });
  await until(() => lab(client).messages[1].reply.state === "complete");
  equal([lab(client).messages[1].content, lab(client).messages[1].html, client.streams("lab")], ["Hello", undefined, []]);
  equal(told.at(-1), ["lab", reply.id, null]);
}));

test("a lost delta is fetched, and the text goes on from there", inLab(async (world, client) => {
  await client.execute("lab", "Hello?");
  await world.do("run", { room: "lab" });
  await speak(world, "one ");
  await world.do("speak", { room: "lab", text: "two ", lost: true });
  await speak(world, "three");
  await until(() => text(client) === "one two three");
  equal((await world.heard("get_stream")).length, 1);
}));

test("a tab that comes late or comes back sees what was said", inLab(async (world, client) => {
  await client.execute("lab", "Hello?");
  await world.do("run", { room: "lab" });
  await speak(world, "one ");
  await until(() => text(client) === "one ");
  await cutOff(world, client);
  equal(text(client), "one ", "the text stays meanwhile");
  await world.do("speak", { room: "lab", text: "two ", lost: true });
  await until(() => lab(client).joined && text(client) === "one two ");
  equal((await world.heard("get_stream")).length, 0, "the join has brought it");
}));

test("asking gives the prompt, the pieces and the reply", inLab(async (world, client) => {
  const asking = client.ask("lab", "Hello?");
  const { reply } = await asking.response;
  ok(asking["answer"] === asking.response, "the name that the first version gave it");
  await world.do("run", { room: "lab" });
  await speak(world, "Hel", "lo");
  await until(() => text(client) === "Hello");
  await world.do("speak", { room: "lab", text: "!", lost: true });
  await world.do("finish", { room: "lab" });
  const pieces = [];
  for await (const piece of asking.deltas) pieces.push(piece);
  equal([pieces.join(""), (await asking.done).id, (await asking.done).content], ["Hello!", reply.id, "Hello!"]);
}));

test("asking survives lost connections, also when the response to the prompt or the end is lost with them", inLab(async (world, client) => {
  await world.do("fault", { on: "execute", fault: "lost response" });
  const asking = client.ask("lab", "Hello?");
  await asking.response;
  equal((await world.do("messages", { room: "lab" })).length, 2, "stored once");
  await world.do("run", { room: "lab" });
  await speak(world, "one ");
  await until(() => text(client) === "one ");
  await world.do("set", { refusals: 1 });
  await cutOff(world, client);
  await world.do("finish", { room: "lab", content: "one two" });
  equal((await asking.done).content, "one two");
  const pieces = [];
  for await (const piece of asking.deltas) pieces.push(piece);
  equal(pieces.join(""), "one two");
}));

test("a failed reply rejects with STREAM_ERROR and what was said, and settles no other request", inLab(async (world, client) => {
  const asking = client.ask("lab", "Hello?");
  await asking.response;
  await world.do("run", { room: "lab" });
  await speak(world, "half");
  await world.do("fault", { on: "echo", fault: "ignore" });
  const other = client.request("echo", {}, { timeout: 400 });
  const [{ id }] = await until(async () => (await world.heard("echo"))[0] && world.heard("echo"));
  await world.do("finish", { room: "lab", state: "interrupted", error: "Claude was cut off.", request: id });
  const error = await rejects(asking.done, "STREAM_ERROR");
  equal([error.message, error.details.message.content, error.retryable], ["Claude was cut off.", "half", false]);
  await rejects((async () => { for await (const _ of asking.deltas); })(), "STREAM_ERROR");
  await rejects(other, "TIMEOUT");
  equal([lab(client).messages[1].content, lab(client).messages[1].reply.state, client.streams("lab")], ["half", "interrupted", []]);
}));

test("a reply that fails before the response to its request does not end that request", inLab(async (world, client) => {
  const row = { id: "77", room: "lab", seq: 1, change: 1, kind: "text", author: null, content: "", reply: { state: "failed", change: 1, version: 1, attempt: 1, n: 0 } };
  await world.do("set", { delay_ms: 300 });
  const request = client.execute("lab", "Hello?");
  const [{ id }] = await until(async () => (await world.heard("execute"))[0] && world.heard("execute"));
  await world.do("say_text", { text: JSON.stringify({
    type: "error", success: false, requestId: id, timestamp: 0, error: { code: "STREAM_ERROR", message: "No." }, data: { room: "lab", change: 1, message: row },
  }) });
  equal((await request).message.content, "Hello?");
}));

test("stop, retry, continue and another version reach the room", inLab(async (world, client) => {
  const { reply } = await client.execute("lab", "Hello?");
  await world.do("run", { room: "lab" });
  await speak(world, "one ");
  await until(() => text(client) === "one ");
  equal((await client.stopReply(reply.id)).state, "stopped");
  equal([lab(client).messages[1].content, client.streams("lab")], ["one ", []]);
  await client.continueReply(reply.id);
  equal([text(client), client.streams("lab")[0].attempt], ["one ", 2]);
  await world.do("run", { room: "lab" });
  await speak(world, "two");
  await until(() => text(client) === "one two");
  equal((await client.getStream(reply.id)).text, "one two");
  await world.do("finish", { room: "lab" });
  await until(() => !client.streams("lab").length);
  await client.retryReply(reply.id);
  equal([text(client), client.streams("lab")[0].version], ["", 2]);
  await world.do("run", { room: "lab" });
  await world.do("finish", { room: "lab" });
  await until(() => !client.streams("lab").length);
  equal((await client.showVersion(reply.id, 1)).message.reply.version, 1);
}));

test("asking ends when the client is closed or the room is left, and a refused prompt says why", inLab(async (world, client) => {
  await world.do("fault", { on: "execute", fault: { code: "QUOTA_EXCEEDED" } });
  const refused = client.ask("lab", "too dear");
  await rejects(refused.response, "QUOTA_EXCEEDED");
  await rejects(refused.done, "QUOTA_EXCEEDED");
  const leaving = client.ask("lab", "Hello?");
  await leaving.response;
  client.leaveRoom("lab");
  await rejects(leaving.done, "LEFT");
  const closing = client.ask("lab", "Hello again?");
  await closing.response;
  client.close();
  await rejects(closing.done, "DISCONNECTED");
}));

test("an end that no recovery brings is looked up", inLab(async (world, client) => {
  const asking = client.ask("lab", "Hello?");
  await asking.response;
  await world.do("run", { room: "lab" });
  await world.do("set", { refusals: 2 });
  await cutOff(world, client);
  await world.do("finish", { room: "lab", content: "done while away" });
  await world.do("post", { room: "lab", content: "m", times: 80 });
  await world.do("forget", { room: "lab" });
  equal((await asking.done).content, "done while away");
  await pause(0);
  ok(lab(client).messages.length === 50, "the row is outside the window");
}));
