// What the compiler must know of a request, checked with the rest: each line below `@ts-expect-error` must be an error.

import { Client } from "../../static/chat/js/client/client.js";

export async function requestsHaveTypes(client: Client): Promise<void> {
  const { message } = await client.request("create_message", { room: "lab", content: "Hello" });
  const seq: number = message.seq;
  // @ts-expect-error: a message has no such field
  message.sequence;
  // @ts-expect-error: an unknown request
  client.request("post_message", { room: "lab", content: "Hello" });
  // @ts-expect-error: a field is missing
  client.request("create_message", { room: "lab" });
  // @ts-expect-error: a field that the request doesn't have
  client.request("mark_read", { room: "lab", seq, read: true });
  // @ts-expect-error: this one needs a payload
  client.request("get_stream");
  // @ts-expect-error: `pong` has no response
  client.request("pong");
  const { invitations } = await client.request("list_invitations");
  const inviter: string | undefined = invitations[0].by?.username;
  // @ts-expect-error: someone may have deleted their account
  invitations[0].by.username;
  const { hits } = await client.request("search_messages", { query: inviter ?? "" }, { timeout: 1_000 });
  const excerpt: string = hits[0].excerpt;
  // An alias has the payload and the response of its request.
  const { role }: { role: string } = await client.request("subscribe", { room: excerpt });
  client.send("typing", { room: role, typing: true });
  // @ts-expect-error: whether they type is missing
  client.send("typing", { room: role });
}
