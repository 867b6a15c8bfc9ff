/** The published address: docs/javascript.md names it, and it stays. */

export * from "./client/rooms/room-state.js";
