import type { Client } from "../../client/client.js";
import type { UserRef } from "../../protocol.d.ts";
import type { EmojiPicker } from "../base/emoji-picker.js";
import type { Toasts } from "../base/toasts.js";
import type { Speaker } from "../message/speaker.js";

/** What the page of each room uses, and does not own. */
export interface Shared {
  client: Client;
  me: UserRef;
  toasts: Toasts;
  speaker: Speaker;
  picker: EmojiPicker;
  /** how long a message may be */
  contentChars: number;
}
