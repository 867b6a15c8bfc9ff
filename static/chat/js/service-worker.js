/**
 * Shows what came by web push while no page of Parley was in front, and leads to it. It keeps nothing and fetches
 * nothing. A classic script at the root of the site, under a name that never changes.
 */

/** @typedef {{title: string, body: string, url: string, tag: string, icon: string}} Told */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

const pages = () => worker.clients.matchAll({ type: "window", includeUncontrolled: true });

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(show(event.data.json()));
});

worker.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data.url));
});

/** @param {Told} told */
async function show({ title, body, url, tag, icon }) {
  // A person who looks at Parley sees the message there.
  if ((await pages()).some((page) => page.focused)) return;
  // The newest of a room takes the place of the one before it, and is heard like the first.
  /** @type {NotificationOptions & {renotify: boolean}} the compiler's library does not know `renotify` yet */
  const options = { body, tag, icon, renotify: true, data: { url } };
  await worker.registration.showNotification(title, options);
}

/** @param {string} path of the message in its room */
async function open(path) {
  const target = new URL(path, worker.location.origin);
  // What was pushed may only lead into Parley.
  if (target.origin !== worker.location.origin) return;
  const room = (await pages()).find((page) => new URL(page.url).pathname === target.pathname);
  if (!room) return worker.clients.openWindow(target.href);
  await room.focus();
  // A page that this worker does not control yet cannot be led; it shows the room all the same.
  await room.navigate(target.href).catch(() => undefined);
}
