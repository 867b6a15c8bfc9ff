/** The published address: docs/javascript.md names it, and it stays. */

export * from "./client/streams/stream-state.js";
