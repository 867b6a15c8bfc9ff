// Shows a room's events as they arrive: docs/protocol.md, "Server-sent events". It needs no library.
const TYPES = ["joined", "new_message", "message_updated", "stream_start", "stream_delta", "stream_end", "error"];
const OTHERS = [
  "typing", "user_joined", "user_left", "room_updated", "member_updated", "left", "closed", "server_draining",
];
const LINES_AT_MOST = 200;

const form = /** @type {HTMLFormElement} */ (document.getElementById("form"));
const [state, list] = ["state", "events"].map((id) => /** @type {HTMLElement} */ (document.getElementById(id)));
/** @type {EventSource | null} */
let source = null;

/** @param {string} type @param {string} id @param {string} text */
function show(type, id, text) {
  const line = document.createElement("li");
  line.className = "event-line";
  line.textContent = `${type}${id ? ` ${id}` : ""}: ${text}`;
  list.prepend(line);
  while (list.childElementCount > LINES_AT_MOST) list.lastElementChild?.remove();
}

/** @param {any} frame what an event says, or why it failed */
function textOf({ data, error }) {
  return error?.message ?? data.message?.content ?? data.text ?? JSON.stringify(data).slice(0, 200);
}

/** @param {MessageEvent} event */
function hear(event) {
  if (event.data === undefined) return; // the connection's own "error", which has no data
  show(event.type, event.type === "stream_delta" ? "" : event.lastEventId, textOf(JSON.parse(event.data)));
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  source?.close();
  list.replaceChildren();
  const opened = (source = new EventSource(`/stream/${new FormData(form).get("room")}`));
  opened.onopen = () => (state.textContent = "Connected.");
  // The browser comes back on its own, with the last id; CLOSED means that it was told to stay away.
  opened.onerror = () =>
    (state.textContent = opened.readyState === EventSource.CLOSED ? "Not connected." : "Coming back …");
  for (const type of [...TYPES, ...OTHERS]) opened.addEventListener(type, hear);
});
