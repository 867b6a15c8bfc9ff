// Shows a room's events as they arrive: docs/protocol.md, "Server-sent events". It needs no library.
const TYPES = ["joined", "new_message", "message_updated", "stream_start", "stream_delta", "stream_end", "error"];
const OTHERS = ["typing", "user_joined", "user_left", "room_updated", "member_updated", "left", "closed", "server_draining"];
const LINES_AT_MOST = 200;

const [form, state, list] = ["form", "state", "events"].map((id) => document.getElementById(id));
let source = null;

function show(type, id, text) {
  const line = document.createElement("li");
  line.className = "event-line";
  line.textContent = `${type}${id ? ` ${id}` : ""}: ${text}`;
  list.prepend(line);
  while (list.childElementCount > LINES_AT_MOST) list.lastElementChild.remove();
}

function textOf({ data, error }) {
  return error?.message ?? data.message?.content ?? data.text ?? JSON.stringify(data).slice(0, 200);
}

function hear(event) {
  if (event.data === undefined) return; // the connection's own "error", which has no data
  show(event.type, event.type === "stream_delta" ? "" : event.lastEventId, textOf(JSON.parse(event.data)));
}

form.addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  source?.close();
  list.replaceChildren();
  source = new EventSource(`/stream/${new FormData(form).get("room")}`);
  source.onopen = () => (state.textContent = "Connected.");
  // The browser comes back by itself, with the last id; CLOSED means that it was told to stay away.
  source.onerror = ({ target }) =>
    (state.textContent = target.readyState === EventSource.CLOSED ? "Not connected." : "Coming back …");
  for (const type of [...TYPES, ...OTHERS]) source.addEventListener(type, hear);
});
