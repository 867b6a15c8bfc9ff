// Made by `manage.py protocol_files` from chat/protocol. Do not edit: a test compares it with the schema.

/** Makes me a member of a room that has invited me. */
export interface AcceptInvitation {
  room: string;
}

/** Makes someone a member. */
export interface AddMember {
  room: string;
  user: string;
  role?: "member" | "moderator" | "owner";
}

/** Puts an emoji on a message. */
export interface AddReaction {
  message: string;
  emoji: string;
}

/** Makes a room read-only: nothing is posted, edited, reacted to or renamed in it any more. */
export interface ArchiveRoom {
  room: string;
}

/** A file in a message. With a width and height it is a picture, and `url?preview` a small one of it. */
export interface Attachment {
  id: string;
  name: string;
  contentType: string;
  size: number;
  url: string;
  width?: number;
  height?: number;
  claudeReads?: boolean;
  claudeReason?: string;
}

/** A ban from a room that is in force. `by` is null when that account is gone; without `endsAt` it has no end. */
export interface Ban {
  id: string;
  user: UserRef;
  reason: string;
  by: UserRef | null;
  createdAt: number;
  endsAt?: number;
}

export interface BanFact {
  room: string;
  ban: Ban;
}

export interface BanList {
  room: string;
  bans: Ban[];
  hasMore: boolean;
}

/** Keeps a person out of a room, member or not. Their tabs get nothing more of it. `until`: milliseconds. */
export interface BanMember {
  room: string;
  user: string;
  reason?: string;
  until?: number;
}

/** Lists the open rooms that I could join, a page at a time, the most recently active first. */
export interface BrowseRooms {
  query?: string;
  after?: string;
  limit?: number;
}

/** How Claude replies to one prompt; what is left out or empty is as the room has it. */
export interface ClaudeChoice {
  model?: string;
  effort?: "" | "high" | "low" | "max" | "medium" | "xhigh";
  thinking?: "" | "off" | "on";
}

/** How Claude behaves in a room; what is left out stays. An empty model: the installation's. */
export interface ClaudeOptions {
  model?: string;
  instructions?: string;
  everyMessage?: boolean;
  tools?: ("list_members" | "read_attachment" | "search_history")[];
  effort?: "" | "high" | "low" | "max" | "medium" | "xhigh";
  thinking?: "" | "off" | "on";
  webSearch?: boolean;
  webFetch?: boolean;
  webDomains?: string[];
  webBlockedDomains?: string[];
  webUses?: number;
}

/** How Claude behaves in a room. `model` is the one that replies here. */
export interface ClaudeSettings {
  model: string;
  instructions: string;
  everyMessage: boolean;
  tools: ("list_members" | "read_attachment" | "search_history")[];
  effort: "" | "high" | "low" | "max" | "medium" | "xhigh";
  thinking: "" | "off" | "on";
  webSearch: boolean;
  webFetch: boolean;
  webDomains: string[];
  webBlockedDomains: string[];
  webUses: number;
}

/** The last of a stream of server-sent events: the code that a socket would be closed with. */
export interface Closed {
  code: number;
  reason: string;
}

/** Takes a reply up again that was stopped, interrupted or cut by its length, in the same message. */
export interface ContinueReply {
  message: string;
}

/** Posts a message. The same `clientId` (else the frame's `id`) is stored once, however often it is sent. */
export interface CreateMessage {
  room: string;
  content: string;
  clientId?: string;
  replyTo?: string;
  attachments?: string[];
  claude?: ClaudeChoice;
}

/** Creates a room. Of a direct room between the same two people there is only ever one. */
export interface CreateRoom {
  kind?: "closed" | "direct" | "open" | "session";
  name?: string;
  room?: string;
  topic?: string;
  members?: string[];
  claude?: ClaudeOptions;
}

/** Refuses an invitation. For seven days the room can't invite me again. */
export interface DeclineInvitation {
  room: string;
}

/** Deletes a message of mine, or, as moderator, anybody's. A tombstone stays. */
export interface DeleteMessage {
  message: string;
}

/** Archives a room, and deletes it with everything in it some days later, unless it is restored before. */
export interface DeleteRoom {
  room: string;
}

/** Unsent text. `user` is who wrote it last, where others write in it too: in sessions. */
export interface Draft {
  content: string;
  version: number;
  user?: UserRef;
}

export interface DraftFact {
  room: string;
  content: string;
  version: number;
  user: UserRef;
}

/** Changes the content of a message of mine. `forget`: what a prompt said before is not kept for me, either. */
export interface EditMessage {
  message: string;
  content: string;
  forget?: boolean;
}

export interface ErrorBody {
  code: string;
  message: string;
  details?: Record<string, unknown>;
  retryAfter?: number;
}

/** Tells what Claude's reply to a text would cost in a room, about and at most, before it is sent. */
export interface EstimatePrompt {
  room: string;
  content: string;
  attachments?: string[];
  claude?: ClaudeChoice;
}

/** Stores a prompt and has Claude reply to it, at once or when its turn comes. Joins the session if need be. */
export interface Execute {
  session: string;
  prompt: string;
  clientId?: string;
  attachments?: string[];
  claude?: ClaudeChoice;
}

/** The stored prompt, and Claude's message that will be the reply. */
export interface ExecuteResponse {
  message: Message;
  reply: Message;
}

/** Reads a page of history: the newest, or those before, after or around a `seq`. */
export interface GetMessages {
  room: string;
  limit?: number;
  before?: number;
  after?: number;
  around?: number;
}

/** Asks for a reply's keyframe: all of its text up to delta `n`. */
export interface GetStream {
  message: string;
}

/** Looks a person up. */
export interface GetUser {
  userId: string;
}

export interface Heartbeat {
  interval: number;
  timeout: number;
}

/** An invitation to a person, who isn't a member of the room yet and sees no more of it than this. */
export interface Invitation {
  room: string;
  name: string;
  kind: string;
  role: string;
  by: UserRef | null;
  at: number;
}

export interface InvitationList {
  invitations: Invitation[];
}

/** Subscribes this connection to a room; in an open room it also makes me a member. */
export interface JoinRoom {
  room: string;
  after?: number;
  epoch?: string;
}

/** `online` names those who have been here longest, at most 200; `onlineCount` counts all, each person once. */
export interface Joined {
  room: Room;
  role: string;
  change: number;
  epoch: string;
  online: OnlineUser[];
  onlineCount: number;
  messages: Message[];
  reset: boolean;
  hasMore: boolean;
  lastReadSeq: number;
  streams: Keyframe[];
  draft?: Draft;
}

/** All that a reply's `version` has said up to delta `n`, in its `attempt`. */
export interface Keyframe {
  messageId: string;
  version: number;
  attempt: number;
  n: number;
  text: string;
  thinking: string;
  state: string;
  tools?: ToolUse[];
}

/** Ends this connection's subscription; membership stays. */
export interface LeaveRoom {
  room: string;
}

/** How leaving one of several rooms went: `error` says why it was not left. */
export interface Leaving {
  room: string;
  left: boolean;
  error?: ErrorBody;
}

export interface Left {
  room: string;
}

export interface Limits {
  frameBytes: number;
  contentChars: number;
}

/** Lists the bans of a room that are in force, newest first. */
export interface ListBans {
  room: string;
  before?: string;
  limit?: number;
}

/** Lists the invitations to rooms that I have neither accepted nor declined. */
export interface ListInvitations {
}

/** Lists the models that a prompt may choose. */
export interface ListModels {
}

/** Lists who has the room open now. */
export interface ListPresence {
  room: string;
}

/** Lists the rooms that I am in, a page at a time, and asks for `unread` notifications about them from now on. */
export interface ListRooms {
  query?: string;
  kinds?: ("closed" | "direct" | "open" | "session")[];
  rooms?: string[];
  after?: string;
  limit?: number;
}

/** A room of mine, with what concerns only me. `unread` and `mentions` stop counting at 100. */
export interface ListedRoom {
  slug: string;
  name: string;
  kind: string;
  topic: string;
  change: number;
  epoch: string;
  createdAt: number;
  archivedAt?: number;
  deletesAt?: number;
  lastMessageAt?: number;
  members?: UserRef[];
  claude?: ClaudeSettings;
  unreachable?: boolean;
  role: string;
  unread: number;
  mentions: number;
  lastReadSeq: number;
  muted: boolean;
  draft?: Draft;
  activeAt?: number;
  hasDraft?: boolean;
}

/** Sets how far I have read; lower than before marks as unread. */
export interface MarkRead {
  room: string;
  seq: number;
}

/** `role` is null when the person isn't a member. pending: they were invited, and become one if they accept. */
export interface MembershipFact {
  room: string;
  user: UserRef;
  role: string | null;
  pending?: boolean;
}

/** `html` is the content made safe to show. What ends a stream leaves it out, since its text has just been streamed, unless that is shown as it was written. */
export interface Message {
  id: string;
  room: string;
  seq: number;
  change: number;
  kind: string;
  author: UserRef | null;
  content: string;
  html?: string;
  createdAt: number;
  reactions: Reaction[];
  mentions: string[];
  clientId?: string;
  replyTo?: ReplyTo;
  editedAt?: number;
  deletedAt?: number;
  reply?: Reply;
  attachments?: Attachment[];
  by?: UserRef;
}

/** `new_message` and `message_updated`: the one event of a durable change. */
export interface MessageEvent {
  room: string;
  change: number;
  message: Message;
}

export interface MessagePage {
  room: string;
  messages: Message[];
  hasMore: boolean;
  hasNewer: boolean;
}

export interface MessageResponse {
  message: Message;
}

/** The models that may be chosen here; none where only the demo model replies. */
export interface ModelList {
  models: OfferedModel[];
}

/** Marks a room as muted, or not: my tabs then count its news quietly. Mentions still reach me. */
export interface MuteRoom {
  room: string;
  muted: boolean;
}

export interface MutedFact {
  room: string;
  muted: boolean;
}

export interface Nothing {
}

/** total: of kind `unread`, the counts as they are now, up to the message `seq`: they take the place of those shown. */
export interface Notification {
  kind: string;
  room?: string;
  message?: Message;
  id?: string;
  text?: string;
  count?: number;
  mentions?: number;
  seq?: number;
  muted?: boolean;
  invitation?: Invitation;
  total?: ReadFact;
}

/** A model that may be chosen. efforts: those that it takes. canSkipThinking: its thinking can be switched off. */
export interface OfferedModel {
  id: string;
  name: string;
  efforts: string[];
  canSkipThinking: boolean;
  warning?: string;
}

export interface OnlineUser {
  id: string;
  username: string;
  tabs: number;
  displayName?: string;
}

/** A room that I could join. */
export interface OpenRoom {
  slug: string;
  name: string;
  kind: string;
  topic: string;
  change: number;
  epoch: string;
  createdAt: number;
  archivedAt?: number;
  deletesAt?: number;
  lastMessageAt?: number;
  members?: UserRef[];
  claude?: ClaudeSettings;
  unreachable?: boolean;
  peopleCount: number;
}

/** A page of open rooms. `next` leads to the following page; `total` counts the rooms of all pages. */
export interface OpenRoomList {
  rooms: OpenRoom[];
  hasMore: boolean;
  total: number;
  next?: string;
}

/** The emoji that I have put on a message. */
export interface OwnEmoji {
  message: string;
  emoji: string[];
}

/** Tells which emoji I have put on a message. Its `reactions` name only some where many did. */
export interface OwnReactions {
  message: string;
}

/** `user_joined` and `user_left`: a person's first tab in the room, and the last one gone. */
export interface PersonEvent {
  room: string;
  user: UserRef;
}

/** Asks for a `pong`. */
export interface Ping {
}

/** Replies to the server's `ping`; gets no response itself. */
export interface Pong {
}

/** As in `joined`, `online` is the beginning of the list and `onlineCount` the number of all. */
export interface PresenceFact {
  room: string;
  online: OnlineUser[];
  onlineCount: number;
}

/** likely, most: in millionths of a US dollar; 0 for the demo model. promptTokens: what Claude would read, about. */
export interface PromptEstimate {
  room: string;
  model: string;
  likely: number;
  most: number;
  promptTokens: number;
}

/** Ends my membership. */
export interface QuitRoom {
  room: string;
}

/** Ends my membership in several rooms, each for itself. */
export interface QuitRooms {
  rooms: string[];
}

/** `users` are the first who put it there, at most 20; `count` tells how many they are, where there are more. */
export interface Reaction {
  emoji: string;
  users: UserRef[];
  count?: number;
}

export interface ReadFact {
  room: string;
  lastReadSeq: number;
  unread: number;
  mentions: number;
}

/** What changed in one room, or only `error` when the room may not be seen. */
export interface Recovery {
  messages?: Message[];
  change?: number;
  epoch?: string;
  reset?: boolean;
  hasMore?: boolean;
  error?: string;
}

/** Ends someone's membership; their tabs get nothing more of the room. */
export interface RemoveMember {
  room: string;
  user: string;
}

/** Takes my emoji off a message. */
export interface RemoveReaction {
  message: string;
  emoji: string;
}

/** What makes a message Claude's reply. */
export interface Reply {
  state: string;
  change: number;
  version: number;
  versions: number;
  attempt: number;
  n: number;
  model: string;
  demo: boolean;
  requestedBy: UserRef | null;
  prompt?: string;
  thinking?: string;
  tools?: ToolUse[];
  usage?: Usage;
  cost?: number;
  stopReason?: string;
  stoppedBy?: UserRef;
  error?: string;
  contextFrom?: number;
  effort?: string;
  summarised?: boolean;
  startedAt?: number;
  endedAt?: number;
  withoutThinking?: boolean;
  goneModel?: string;
}

/** Claude's message, and its reply's state once more. */
export interface ReplyResponse {
  message: Message;
  state: string;
}

export interface ReplyTo {
  id: string;
  seq: number;
  author: UserRef | null;
  excerpt: string;
  deleted: boolean;
}

/** Opens an archived room again, also one that is about to be deleted. */
export interface RestoreRoom {
  room: string;
}

/** Has Claude reply again: another version of its message. The earlier ones are kept. */
export interface RetryReply {
  message: string;
  claude?: ClaudeChoice;
}

/** unreachable: true where the other person of a direct room can't use Parley any more. Nothing is posted there. */
export interface Room {
  slug: string;
  name: string;
  kind: string;
  topic: string;
  change: number;
  epoch: string;
  createdAt: number;
  archivedAt?: number;
  deletesAt?: number;
  lastMessageAt?: number;
  members?: UserRef[];
  claude?: ClaudeSettings;
  unreachable?: boolean;
}

/** About a room as a whole: the created room, or `room_updated`. invited: those who were asked instead of added. */
export interface RoomFact {
  room: Room;
  invited?: UserRef[];
}

/** A page of my rooms. `next` leads to the following page; `total` counts the rooms of all pages. */
export interface RoomList {
  rooms: ListedRoom[];
  hasMore: boolean;
  total: number;
  next?: string;
}

/** One result for each room, in the order of the request. */
export interface RoomsLeft {
  results: Leaving[];
}

/** Keeps unsent text, for my other tabs, or in a session for everyone's. The version must grow, and not by too much. */
export interface SaveDraft {
  room: string;
  content: string;
  version: number;
}

export interface SearchHit {
  message: Message;
  excerpt: string;
}

/** Finds messages in my rooms, newest first. */
export interface SearchMessages {
  query: string;
  room?: string;
  before?: string;
  limit?: number;
}

export interface SearchResult {
  hits: SearchHit[];
  hasMore: boolean;
}

export interface ServerDraining {
  reconnectAfter: number;
}

/** Changes a member's role. */
export interface SetRole {
  room: string;
  user: string;
  role: "member" | "moderator" | "owner";
}

/** Shows another version of a reply to all, and if the prompt is mine, brings back what I had asked then. */
export interface ShowVersion {
  message: string;
  version: number;
}

/** Stops a reply of Claude's that runs or waits; what it has said is kept. */
export interface StopReply {
  message: string;
}

/** The next words of a reply's `version`. `n` counts them from 1; `thinking` and `tool` come before and between. */
export interface StreamDelta {
  room: string;
  messageId: string;
  version: number;
  attempt: number;
  n: number;
  text: string;
  thinking?: string;
  tool?: ToolUse;
}

export interface StreamEnd {
  room: string;
  message: Message;
  usage: Usage;
  stopReason: string;
  change: number;
}

/** The `data` of an `error` event with STREAM_ERROR: a reply that failed or was interrupted. */
export interface StreamFailure {
  room: string;
  message: Message;
  change: number;
}

export interface StreamStart {
  room: string;
  message: Message;
  requestedBy: UserRef | null;
  model: string;
  change: number;
}

/** Recovers several rooms at once: what changed in each since its cursor. */
export interface Sync {
  rooms: Record<string, SyncCursor>;
}

export interface SyncCursor {
  change: number;
  epoch: string;
}

export interface SyncResult {
  rooms: Record<string, Recovery>;
}

export interface TabEvent {
  user: UserRef;
  connectionId: string;
  tabs: number;
  room?: string;
}

/** A tool that Claude has used: what it asked, the beginning of what it got, and the pages of the web in that. */
export interface ToolUse {
  name: string;
  input: string;
  result: string;
  pages?: WebPage[];
  replaces?: number;
}

/** Tells the others in the room that I am typing, or not any more. */
export interface Typing {
  room: string;
  typing: boolean;
}

export interface TypingFact {
  room: string;
  user: UserRef;
  typing: boolean;
}

/** Lifts a ban: the person may come back, but is not a member again yet. */
export interface UnbanMember {
  room: string;
  user: string;
}

/** Changes a room's name, topic, kind (open or closed), or how Claude behaves in it. */
export interface UpdateRoom {
  room: string;
  name?: string;
  topic?: string;
  kind?: "closed" | "open";
  claude?: ClaudeOptions;
}

/** cacheCreation1hInputTokens: how many of those that were written to the cache it keeps for an hour. */
export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cacheCreationInputTokens: number;
  cacheReadInputTokens: number;
  cacheCreation1hInputTokens?: number;
  webSearchRequests?: number;
}

export interface User {
  id: string;
  username: string;
  displayName: string;
  online: boolean;
}

/** A person. `username` identifies them; `displayName` is what they want to be called, absent if nothing else. */
export interface UserRef {
  id: string;
  username: string;
  displayName?: string;
}

export interface UserResponse {
  user: User;
}

/** A page of the web. `url` begins with http:// or https://; the title is what the page calls itself, or empty. */
export interface WebPage {
  title: string;
  url: string;
}

export interface Welcome {
  connectionId: string;
  user: UserRef;
  protocol: number;
  serverTime: number;
  heartbeat: Heartbeat;
  limits: Limits;
}

export type ErrorCode =
  | "VALIDATION_ERROR"
  | "REQUEST_FAILED"
  | "UNAUTHORIZED"
  | "NOT_FOUND"
  | "CONFLICT"
  | "RATE_LIMITED"
  | "QUOTA_EXCEEDED"
  | "UNAVAILABLE"
  | "STREAM_ERROR"
  | "INTERNAL_ERROR";

export interface RequestPayloads {
  ping: Ping;
  pong: Pong;
  list_rooms: ListRooms;
  browse_rooms: BrowseRooms;
  create_room: CreateRoom;
  update_room: UpdateRoom;
  archive_room: ArchiveRoom;
  restore_room: RestoreRoom;
  delete_room: DeleteRoom;
  mute_room: MuteRoom;
  join_room: JoinRoom;
  leave_room: LeaveRoom;
  quit_room: QuitRoom;
  quit_rooms: QuitRooms;
  add_member: AddMember;
  list_invitations: ListInvitations;
  accept_invitation: AcceptInvitation;
  decline_invitation: DeclineInvitation;
  remove_member: RemoveMember;
  set_role: SetRole;
  ban_member: BanMember;
  unban_member: UnbanMember;
  list_bans: ListBans;
  get_messages: GetMessages;
  sync: Sync;
  create_message: CreateMessage;
  edit_message: EditMessage;
  delete_message: DeleteMessage;
  add_reaction: AddReaction;
  remove_reaction: RemoveReaction;
  own_reactions: OwnReactions;
  search_messages: SearchMessages;
  mark_read: MarkRead;
  typing: Typing;
  save_draft: SaveDraft;
  get_user: GetUser;
  list_presence: ListPresence;
  execute: Execute;
  estimate_prompt: EstimatePrompt;
  list_models: ListModels;
  stop_reply: StopReply;
  retry_reply: RetryReply;
  continue_reply: ContinueReply;
  show_version: ShowVersion;
  get_stream: GetStream;
  join: JoinRoom;
  subscribe: JoinRoom;
  leave: LeaveRoom;
  unsubscribe: LeaveRoom;
  chat: CreateMessage;
  room_message: CreateMessage;
}

export interface ResponseData {
  ping: Nothing;
  list_rooms: RoomList;
  browse_rooms: OpenRoomList;
  create_room: RoomFact;
  update_room: RoomFact;
  archive_room: RoomFact;
  restore_room: RoomFact;
  delete_room: RoomFact;
  mute_room: MutedFact;
  join_room: Joined;
  leave_room: Left;
  quit_room: MembershipFact;
  quit_rooms: RoomsLeft;
  add_member: MembershipFact;
  list_invitations: InvitationList;
  accept_invitation: MembershipFact;
  decline_invitation: MembershipFact;
  remove_member: MembershipFact;
  set_role: MembershipFact;
  ban_member: BanFact;
  unban_member: MembershipFact;
  list_bans: BanList;
  get_messages: MessagePage;
  sync: SyncResult;
  create_message: MessageResponse;
  edit_message: MessageResponse;
  delete_message: MessageResponse;
  add_reaction: MessageResponse;
  remove_reaction: MessageResponse;
  own_reactions: OwnEmoji;
  search_messages: SearchResult;
  mark_read: ReadFact;
  typing: Nothing;
  save_draft: DraftFact;
  get_user: UserResponse;
  list_presence: PresenceFact;
  execute: ExecuteResponse;
  estimate_prompt: PromptEstimate;
  list_models: ModelList;
  stop_reply: ReplyResponse;
  retry_reply: ReplyResponse;
  continue_reply: ReplyResponse;
  show_version: MessageResponse;
  get_stream: Keyframe;
  join: Joined;
  subscribe: Joined;
  leave: Left;
  unsubscribe: Left;
  chat: MessageResponse;
  room_message: MessageResponse;
}

export interface EventData {
  welcome: Welcome;
  ping: Nothing;
  new_message: MessageEvent;
  message_updated: MessageEvent;
  stream_start: StreamStart;
  stream_delta: StreamDelta;
  stream_end: StreamEnd;
  error: StreamFailure;
  room_updated: RoomFact;
  member_updated: MembershipFact;
  user_joined: PersonEvent;
  user_left: PersonEvent;
  tab_connected: TabEvent;
  tab_disconnected: TabEvent;
  typing: TypingFact;
  presence: PresenceFact;
  read_updated: ReadFact;
  draft_updated: DraftFact;
  notification: Notification;
  left: Left;
  closed: Closed;
  server_draining: ServerDraining;
}

/** A frame to the server. Without `payload` the remaining fields are read as the payload. */
export interface RequestFrame<T extends keyof RequestPayloads = keyof RequestPayloads> {
  type: T;
  id?: string | number;
  timestamp?: number;
  payload?: RequestPayloads[T];
}

/** A response or an event. */
export interface SuccessFrame<Data = unknown> {
  type: string;
  requestId?: string | number;
  timestamp: number;
  success: true;
  data: Data;
}

export interface ErrorFrame {
  type: "error";
  requestId?: string | number;
  timestamp: number;
  success: false;
  error: ErrorBody & { code: ErrorCode };
  data?: unknown;
}

export type ServerFrame = SuccessFrame | ErrorFrame;
