/** The back-off: from 1 s to 30 s, any time up to the ceiling. */

import { Backoff } from "chat/client/connection/backoff.js";
import { equal, ok, seeded, test } from "./testing.js";

test("the ceiling doubles from 1 s and stops at 30 s", () => {
  const backoff = new Backoff({ random: () => 1 });
  equal(Array.from({ length: 7 }, () => backoff.next()), [1000, 2000, 4000, 8000, 16000, 30000, 30000]);
});

test("the jitter is full: waits are spread from nothing to the ceiling", () => {
  const random = seeded(1);
  const waits = Array.from({ length: 2000 }, () => new Backoff({ random }).next());
  for (const [from, to] of [[0, 250], [250, 500], [500, 750], [750, 1000]]) {
    const share = waits.filter((wait) => wait >= from && wait < to).length / waits.length;
    ok(share > 0.2 && share < 0.3, `${share} of the waits between ${from} and ${to}`);
  }
});

test("after a reset it starts again at 1 s", () => {
  const backoff = new Backoff({ random: () => 1 });
  for (let n = 0; n < 5; n += 1) backoff.next();
  backoff.reset();
  equal(backoff.next(), 1000);
});

test("it does not overflow after very many tries", () => {
  const backoff = new Backoff({ random: () => 1 });
  for (let n = 0; n < 5000; n += 1) backoff.next();
  equal(backoff.next(), 30000);
});
