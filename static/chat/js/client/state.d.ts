// What the library keeps of rooms, replies and unsent messages. What travels over the socket is in ../protocol.d.ts.

import type {
  ClaudeChoice,
  Draft,
  ErrorBody,
  Message,
  OnlineUser,
  Room,
  StreamDelta,
  ToolUse,
  UserRef,
} from "../protocol.d.ts";

export type ReplyState = "queued" | "running" | "complete" | "stopped" | "interrupted" | "failed";

export interface TypingUser extends UserRef {
  until: number;
}

/** What a tab knows of a reply that waits or runs. */
export interface Stream {
  messageId: string;
  /** slug */
  room: string;
  version: number;
  attempt: number;
  state: "queued" | "running";
  /** the last delta applied; -1 while even the beginning is unknown */
  n: number;
  text: string;
  thinking: string;
  tools: ToolUse[];
  /** of the newest row seen */
  change: number;
  /** something may be missing: a keyframe is asked for */
  behind: boolean;
  /** beyond a gap, by n */
  held: StreamDelta[];
}

/** A message that the server has not confirmed yet. */
export interface Entry {
  clientId: string;
  /** slug */
  room: string;
  content: string;
  /** id of a message */
  replyTo?: string;
  /** ids of uploaded files */
  attachments?: string[];
  /** what was chosen of Claude for this message alone */
  claude?: ClaudeChoice;
  createdAt: number;
  /** rising; messages of a room are sent in this order */
  order: number;
  /** the tab that sends it */
  owner: string;
  state: "sending" | "failed";
  error: { code: string; message: string } | null;
}

export interface RoomState {
  slug: string;
  room: Room | null;
  role: string | null;
  /** last change that was applied, with nothing missing before it */
  change: number;
  epoch: string | null;
  /** a window of the room's history without holes, by seq */
  messages: Message[];
  /** own messages on their way */
  pending: Entry[];
  /** in a crowd only some of them */
  online: OnlineUser[];
  /** how many people are here */
  onlineCount: number;
  typing: TypingUser[];
  /** older messages exist before the window */
  hasMore: boolean;
  /** newer messages exist after the window */
  hasNewer: boolean;
  /** messages that arrived while the window was elsewhere */
  newerCount: number;
  lastReadSeq: number;
  draft: Draft | null;
  /** live at this moment */
  joined: boolean;
  /** why the room could not be joined */
  error: { code: string; message: string } | null;
  /** events beyond a gap, by change, until a sync has filled it */
  buffer: DurableEvent[];
  /** number of this window; another one means that the history was replaced */
  window: number;
  /** history requests under way */
  loads: number;
  /** rows outside the window that changed while history was loading */
  aside: Map<string, Message>;
}

export interface DurableEvent {
  change: number;
  message: Message;
}

/** A frame from the server before its type is known. */
export interface Frame {
  type: string;
  requestId?: string;
  timestamp?: number;
  success?: boolean;
  data?: any;
  error?: ErrorBody;
}
