/** The socket's states, waits and closing rules, on a fast clock and with a fake peer. */

import { ReconnectingSocket } from "chat/client/connection/reconnecting-socket.js";
import { ConnectionError } from "chat/client/errors.js";
import { equal, FakeSocket, FastClock, ok, settle, test } from "./testing.js";

/** A socket whose waits are the whole ceiling, unless another random is given. */
function setUp(options = {}) {
  const clock = new FastClock();
  FakeSocket.made = [];
  const socket = new ReconnectingSocket("ws://peer", {
    clock, random: () => 1, socketFactory: (url) => new FakeSocket(url), ...options,
  });
  const told = [];
  socket.on("status", ({ status }) => told.push(status));
  return { clock, socket, told };
}

/** Connected, and long enough to have proven itself. */
async function proven(options) {
  const all = setUp(options);
  all.socket.connect();
  await settle();
  FakeSocket.last.welcome();
  await all.clock.pass(6_000);
  return all;
}

test("it is connected when the server has welcomed it, not before", async () => {
  const { socket, told } = setUp();
  equal(socket.status, "disconnected");
  socket.connect();
  await settle();
  FakeSocket.last.readyState = WebSocket.OPEN;
  equal([socket.status, socket.send("x")], ["connecting", false]);
  FakeSocket.last.welcome();
  equal([socket.status, told, socket.error], ["connected", ["connecting", "connected"], null]);
  socket.close();
});

test("connect twice opens once", async () => {
  const { socket } = setUp();
  socket.connect();
  socket.connect();
  await settle();
  socket.connect();
  equal(FakeSocket.made.length, 1);
  socket.close();
});

test("it responds to a ping with a pong", async () => {
  const { socket } = await proven();
  FakeSocket.last.say("ping");
  equal(FakeSocket.last.sent, [{ type: "pong" }]);
  socket.close();
});

test("failed openings wait 1, 2, 4, 8, 16, 30, 30 seconds at most", async () => {
  const { clock, socket } = setUp();
  const waits = [];
  socket.connect();
  await settle();
  for (let n = 0; n < 7; n += 1) {
    FakeSocket.last.end(1006);
    waits.push(socket.retryAt - clock.now());
    await clock.pass(socket.retryAt - clock.now());
  }
  equal(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  equal(FakeSocket.made.length, 8);
  socket.close();
});

test("a connection that is cut right after its welcome does not reset the back-off", async () => {
  const { clock, socket } = setUp();
  const waits = [];
  socket.connect();
  await settle();
  for (let n = 0; n < 3; n += 1) {
    FakeSocket.last.welcome();
    await clock.pass(1_000);
    FakeSocket.last.end(1006);
    waits.push(socket.retryAt - clock.now());
    await clock.pass(waits.at(-1));
  }
  equal(waits, [1000, 2000, 4000]);
  FakeSocket.last.welcome();
  await clock.pass(6_000);
  FakeSocket.last.end(1006);
  equal(socket.retryAt - clock.now(), 1000, "after it had proven itself");
  socket.close();
});

test("after the close codes that mean come back it waits with full jitter and opens again", async () => {
  for (const code of [1001, 1002, 1005, 1006, 1008, 1011, 1012, 1013, 4000, 4001, 4002, 4042, 4099]) {
    const { clock, socket } = await proven({ random: () => 0.25 });
    FakeSocket.last.end(code);
    equal([socket.status, socket.retryAt - clock.now()], ["disconnected", 250], code);
    await clock.pass(250);
    equal(FakeSocket.made.length, 2, `${code} did not come back`);
    socket.close();
  }
});

test("after 1000, 1003, 1007, 1009 and 4100 to 4199 it stays away, and says why", async () => {
  const errors = {
    1000: "CLOSED", 1003: "PROTOCOL", 1007: "PROTOCOL", 1009: "PROTOCOL", 4100: "UNAUTHORIZED", 4101: "DEACTIVATED", 4199: "UNAUTHORIZED",
  };
  for (const [code, name] of Object.entries(errors)) {
    const { clock, socket } = await proven();
    FakeSocket.last.end(Number(code));
    equal([socket.status, socket.error.code, socket.error.fatal, socket.retryAt], ["disconnected", name, true, null], code);
    window.dispatchEvent(new Event("online"));
    document.dispatchEvent(new Event("visibilitychange"));
    await clock.pass(120_000);
    equal(FakeSocket.made.length, 1, `${code} came back`);
    socket.close();
  }
});

test("after 4003 it comes back at once, but a second 4003 in a row waits", async () => {
  const { clock, socket } = await proven();
  FakeSocket.last.end(4003);
  await clock.pass(0);
  equal(FakeSocket.made.length, 2);
  FakeSocket.last.welcome();
  FakeSocket.last.end(4003);
  await clock.pass(500);
  equal(FakeSocket.made.length, 2);
  await clock.pass(500);
  equal(FakeSocket.made.length, 3);
  socket.close();
});

test("after server_draining it waits as told, whatever code says that it may come back", async () => {
  // Safari reports 1012 and 1013 as 1006; Daphne sends 4000 for them; a proxy may say anything.
  for (const code of [1001, 1005, 1006, 1011, 1012, 1013, 4000, 4001, 4002, 4050, 4003]) {
    const { clock, socket } = await proven();
    FakeSocket.last.say("server_draining", { reconnectAfter: 7_300 });
    FakeSocket.last.end(code);
    equal([code, socket.retryAt - clock.now()], [code, code === 4003 ? 0 : 7_300]);
    socket.close();
  }
});

test("what a server told once is forgotten with the next connection", async () => {
  const { clock, socket } = await proven();
  FakeSocket.last.say("server_draining", { reconnectAfter: 60_000 });
  FakeSocket.last.end(1006);
  socket.reconnectNow();
  await clock.pass(0);
  FakeSocket.last.end(1006);
  equal(socket.retryAt - clock.now() < 60_000, true);
  socket.close();
});

test("after server_draining and 1012 it comes back after the given time", async () => {
  const { clock, socket } = await proven();
  FakeSocket.last.say("server_draining", { reconnectAfter: 7_300 });
  await clock.pass(2_000);
  FakeSocket.last.end(1012);
  equal(socket.retryAt - clock.now(), 7_300);
  document.dispatchEvent(new Event("visibilitychange"));
  await clock.pass(7_299);
  equal(FakeSocket.made.length, 1, "coming back to the tab does not overrule the server");
  await clock.pass(1);
  equal(FakeSocket.made.length, 2);
  socket.close();
});

test("after server_draining a lost connection is the restart, as WebKit tells of it", async () => {
  const { clock, socket } = await proven();
  FakeSocket.last.say("server_draining", { reconnectAfter: 700 });
  FakeSocket.last.end(1006);
  equal([socket.retryAt - clock.now(), socket.error.code], [700, "RESTARTING"]);
  await clock.pass(700);
  FakeSocket.last.welcome();
  FakeSocket.last.end(1006);
  equal(socket.error.code, "CONNECTION_LOST", "of the next connection nothing was told");
  socket.close();
});

test("a server that has gone silent is dead after interval, timeout and slack", async () => {
  const { clock, socket } = setUp();
  socket.connect();
  await settle();
  const first = FakeSocket.last;
  first.welcome({ interval: 20_000, timeout: 5_000 });
  await clock.pass(29_000);
  first.say("ping");
  await clock.pass(29_999);
  equal(socket.status, "connected");
  await clock.pass(2);
  equal([socket.status, socket.error.code], ["disconnected", "TIMEOUT"]);
  ok(first.closedWith && first.onmessage === null, "the dead socket was let go");
  await clock.pass(1_000);
  equal(FakeSocket.made.length, 2);
  socket.close();
});

test("after sleep it asks before it judges, and stays when the server responds", async () => {
  const { clock, socket } = await proven();
  await clock.sleep(3_600_000);
  equal([socket.status, FakeSocket.last.sent], ["connected", [{ type: "ping" }]]);
  FakeSocket.last.say("pong");
  await clock.pass(6_000);
  equal(socket.status, "connected");
  socket.close();
});

test("after sleep it reconnects when the server does not respond to the probe", async () => {
  const { clock, socket } = await proven();
  await clock.sleep(3_600_000);
  await clock.pass(5_000);
  equal([socket.status, socket.error.code], ["disconnected", "TIMEOUT"]);
  socket.close();
});

test("online and visible probe a connection, and repeating them does not prolong the probe", async () => {
  const { clock, socket } = await proven();
  window.dispatchEvent(new Event("online"));
  await clock.pass(3_000);
  document.dispatchEvent(new Event("visibilitychange"));
  equal(FakeSocket.last.sent, [{ type: "ping" }]);
  await clock.pass(2_000);
  equal(socket.status, "disconnected");
  socket.close();
});

test("offline alone does not end a connection that still responds", async () => {
  const { clock, socket } = await proven();
  window.dispatchEvent(new Event("offline"));
  FakeSocket.last.say("pong");
  await clock.pass(10_000);
  equal(socket.status, "connected");
  socket.close();
});

test("online and visible end the waiting at once", async () => {
  for (const [target, name] of [[window, "online"], [document, "visibilitychange"]]) {
    const { clock, socket } = await proven();
    FakeSocket.last.end(1006);
    target.dispatchEvent(new Event(name));
    await clock.pass(0);
    equal([FakeSocket.made.length, socket.status], [2, "connecting"], name);
    socket.close();
  }
});

test("reconnectNow ends the waiting, also the one that the server asked for, and also after a fatal end", async () => {
  const { clock, socket } = await proven();
  FakeSocket.last.say("server_draining", { reconnectAfter: 60_000 });
  FakeSocket.last.end(1012);
  socket.reconnectNow();
  await clock.pass(0);
  equal(FakeSocket.made.length, 2);
  FakeSocket.last.end(4100);
  socket.reconnectNow();
  await clock.pass(0);
  equal(FakeSocket.made.length, 3);
  socket.close();
});

test("it gives up after the limited number of failed openings, until the network comes back", async () => {
  const { clock, socket } = setUp({ maxAttempts: 3 });
  socket.connect();
  for (let n = 0; n < 3; n += 1) {
    await clock.pass(socket.retryAt ? socket.retryAt - clock.now() : 0);
    FakeSocket.last.end(1006);
  }
  equal([socket.status, socket.error.code, socket.retryAt], ["disconnected", "GAVE_UP", null]);
  await clock.pass(600_000);
  equal(FakeSocket.made.length, 3);
  window.dispatchEvent(new Event("online"));
  await clock.pass(0);
  equal(FakeSocket.made.length, 4);
  socket.close();
});

test("an opening that does not get a welcome in time is given up and tried again", async () => {
  const { clock, socket } = setUp({ connectTimeoutMs: 4_000 });
  socket.connect();
  await clock.pass(3_999);
  equal(socket.status, "connecting");
  await clock.pass(1);
  equal([socket.status, socket.error.code], ["disconnected", "TIMEOUT"]);
  const late = FakeSocket.made[0];
  await clock.pass(1_000);
  equal(FakeSocket.made.length, 2);
  late.end(1006);
  equal(socket.status, "connecting", "the end of an old socket means nothing");
  socket.close();
});

test("an intentional close stays closed, whatever happens to the page", async () => {
  const { clock, socket, told } = await proven();
  const closes = [];
  socket.on("close", (close) => closes.push(close));
  socket.close();
  window.dispatchEvent(new Event("online"));
  document.dispatchEvent(new Event("visibilitychange"));
  await clock.pass(120_000);
  equal([FakeSocket.made.length, FakeSocket.last.closedWith, socket.error], [1, 1000, null]);
  equal(closes, [{ code: 1000, reason: "", willReconnect: false }]);
  equal(told.at(-1), "disconnected");
  equal(clock.pending, 0, "timers left");
});

test("closing while the address is on its way opens nothing", async () => {
  const { clock, socket } = setUp();
  socket.connect();
  socket.close();
  await clock.pass(60_000);
  equal([FakeSocket.made.length, socket.status, clock.pending], [0, "disconnected", 0]);
});

test("the address is asked again for each opening, and its refusals are obeyed", async () => {
  const openings = [
    () => { throw new ConnectionError("RATE_LIMITED", "Too many.", { retryAfter: 20_000 }); },
    () => { throw new TypeError("network"); },
    () => "ws://peer/?token=1",
    () => { throw new ConnectionError("UNAUTHORIZED", "Signed out.", { fatal: true }); },
  ];
  const clock = new FastClock();
  FakeSocket.made = [];
  const socket = new ReconnectingSocket(async () => openings.shift()(), {
    clock, random: () => 0.5, socketFactory: (url) => new FakeSocket(url),
  });
  socket.connect();
  await clock.pass(0);
  equal([socket.error.code, socket.retryAt - clock.now()], ["RATE_LIMITED", 20_500]);
  await clock.pass(20_500);
  equal([socket.error.code, socket.retryAt - clock.now()], ["UNREACHABLE", 1_000]);
  await clock.pass(1_000);
  equal(FakeSocket.last.url, "ws://peer/?token=1");
  FakeSocket.last.end(1006);
  await clock.pass(2_000);
  equal([socket.error.code, socket.status, socket.retryAt], ["UNAUTHORIZED", "disconnected", null]);
  socket.close();
});

test("frames that are no frames are passed over", async () => {
  const { socket } = await proven();
  const heard = [];
  socket.on("message", (frame) => heard.push(frame.type));
  for (const data of ["", "{", "null", "[]", "7", '{"type":5}', new Blob(["x"])]) FakeSocket.last.onmessage({ data });
  FakeSocket.last.say("typing");
  equal(heard, ["typing"]);
  socket.close();
});

test("handlers can be taken off, and one that throws harms no one", async () => {
  const { socket } = await proven();
  const heard = [];
  const reported = globalThis.reportError;
  const errors = [];
  globalThis.reportError = (error) => errors.push(error.message);
  socket.on("message", () => { throw new Error("a bad handler"); });
  const off = socket.on("message", (frame) => heard.push(frame.type));
  FakeSocket.last.say("one");
  off();
  FakeSocket.last.say("two");
  globalThis.reportError = reported;
  equal([heard, errors], [["one"], ["a bad handler", "a bad handler"]]);
  socket.close();
});

test("a bad address is said at once and not tried forever", async () => {
  const { socket, clock } = setUp({ socketFactory: () => { throw new SyntaxError("bad url"); } });
  socket.connect();
  await clock.pass(60_000);
  equal([socket.status, socket.error.code, clock.pending], ["disconnected", "BAD_ADDRESS", 0]);
  socket.close();
});
