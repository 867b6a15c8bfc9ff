/** The React hook, with the real React, under StrictMode. */

import { createElement as h, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { useSocket } from "chat/client/use-socket.js";
import { equal, ok, pause, rejects, test, until, World } from "./testing.js";

const OPTIONS = { ticketUrl: null, backoffBaseMs: 100, backoffCapMs: 400 };

/** Renders a component that shows what the hook says, once for each address. @param {string[]} urls */
function show(urls) {
  const host = document.body.appendChild(document.createElement("div"));
  const root = createRoot(host);
  const seen = { hooks: [], renders: 0 };
  function Line({ url, at }) {
    const hook = useSocket(url, OPTIONS);
    seen.hooks[at] = hook;
    seen.renders += 1;
    return h("p", null, `${hook.status} ${hook.error ? hook.error.code : "fine"}`);
  }
  const render = (addresses) => root.render(h(StrictMode, null, addresses.map((url, at) => h(Line, { url, at, key: at }))));
  render(urls);
  const lines = () => [...host.querySelectorAll("p")].map((line) => line.textContent);
  return { seen, lines, render, unmount: () => (root.unmount(), host.remove()) };
}

test("the status is shown as it changes, and StrictMode opens one connection", async () => {
  const world = new World();
  const page = show([world.url]);
  await until(() => page.lines()[0] === "connected fine");
  await pause(100);
  equal((await world.do("log")).urls.length, 1);
  page.unmount();
  await until(async () => (await world.do("log")).open === 0, "closed after unmounting");
});

test("a cut is shown, and healed", async () => {
  const world = new World();
  const page = show([world.url]);
  await until(() => page.lines()[0] === "connected fine");
  await world.do("set", { refusals: 2 });
  await world.do("cut");
  await until(() => page.lines()[0].endsWith("CONNECTION_LOST"));
  await until(() => page.lines()[0] === "connected fine");
  page.unmount();
});

test("being signed out is shown as the error", async () => {
  const world = new World();
  const page = show([world.url]);
  await until(() => page.lines()[0] === "connected fine");
  await world.do("close", { code: 4100 });
  await until(() => page.lines()[0] === "disconnected UNAUTHORIZED");
  page.unmount();
});

test("send resolves with the response, and client is the client", async () => {
  const world = new World();
  const page = show([world.url]);
  await until(() => page.lines()[0] === "connected fine");
  const { send, client } = page.seen.hooks[0];
  equal(await send("echo", { a: 1 }), { a: 1 });
  equal((await client.joinRoom("general")).joined, true);
  page.unmount();
  await until(() => client.status === "disconnected");
  await rejects(send("echo"), "DISCONNECTED");
});

test("send and client stay the same from render to render", async () => {
  const world = new World();
  const page = show([world.url]);
  await until(() => page.lines()[0] === "connected fine");
  const { send, client } = page.seen.hooks[0];
  const renders = page.seen.renders;
  page.render([world.url]);
  await until(() => page.seen.renders > renders);
  ok(page.seen.hooks[0].send === send && page.seen.hooks[0].client === client);
  page.unmount();
});

test("two components with one address share one connection, until the last has gone", async () => {
  const world = new World();
  const page = show([world.url, world.url]);
  await until(() => page.lines().join() === "connected fine,connected fine");
  ok(page.seen.hooks[0].client === page.seen.hooks[1].client);
  page.render([world.url]);
  await pause(100);
  const log = await world.do("log");
  equal([log.urls.length, log.open, page.lines()], [1, 1, ["connected fine"]]);
  page.unmount();
  await until(async () => (await world.do("log")).open === 0);
});

test("another address means another connection, and the old one is closed", async () => {
  const [one, two] = [new World(), new World()];
  const page = show([one.url]);
  await until(() => page.lines()[0] === "connected fine");
  const first = page.seen.hooks[0].client;
  page.render([two.url]);
  await until(async () => (await two.do("log")).open === 1);
  await until(async () => (await one.do("log")).open === 0);
  ok(page.seen.hooks[0].client !== first);
  page.unmount();
});
