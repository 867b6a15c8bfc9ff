/**
 * The shapes that travel over the socket, and those that the library keeps, as JSDoc types. No code.
 */

/** @typedef {{id: string, username: string, displayName?: string}} User called by the display name, if there is one */
/** @typedef {{id: string, username: string, displayName?: string, tabs: number}} OnlineUser */
/** @typedef {{id: string, username: string, displayName?: string, until: number}} TypingUser */
/** @typedef {{emoji: string, users: User[], count?: number}} Reaction `count`: how many they are, where `users` are only the first */
/** @typedef {{id: string, seq: number, author: User | null, excerpt: string, deleted: boolean}} Quote */
/** @typedef {{id: string, name: string, contentType: string, size: number, url: string, width?: number, height?: number}} Attachment */
/** @typedef {{content: string, version: number, user?: User}} Draft `user`: who wrote it last, where it is shared */
/** @typedef {{inputTokens: number, outputTokens: number, cacheCreationInputTokens: number, cacheReadInputTokens: number}} Usage */
/** @typedef {{name: string, input: string, result: string}} ToolUse */
/** @typedef {"queued" | "running" | "complete" | "stopped" | "interrupted" | "failed"} ReplyState */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {string} room slug
 * @property {number} seq its place in the room for ever
 * @property {number} change the room's change at which the row was last written
 * @property {string} kind
 * @property {User | null} author
 * @property {string} content
 * @property {string} [html] safe to show; missing (not "") where the server has not rendered the row yet: at the end of a stream
 * @property {string} [clientId]
 * @property {Quote | null} [replyTo]
 * @property {number} createdAt
 * @property {number | null} [editedAt]
 * @property {number | null} [deletedAt]
 * @property {Reaction[]} [reactions]
 * @property {string[]} [mentions]
 * @property {Attachment[]} [attachments]
 * @property {Reply} [reply] what makes it Claude's answer
 * @property {User} [by] who added or removed the author, in notices of that
 */

/**
 * @typedef {object} Reply
 * @property {ReplyState} state
 * @property {number} change the room's change at which it became so
 * @property {number} version the one shown
 * @property {number} versions
 * @property {number} attempt
 * @property {number} n deltas sent so far
 * @property {string} model
 * @property {boolean} demo
 * @property {User | null} requestedBy
 * @property {string} [prompt] id of the message that it answers
 * @property {string} [thinking]
 * @property {ToolUse[]} [tools]
 * @property {Usage} [usage]
 * @property {number} [cost] in millionths of a US dollar
 * @property {string} [stopReason]
 * @property {User} [stoppedBy]
 * @property {string} [error]
 * @property {number} [contextFrom] seq from which on Claude saw the room
 * @property {boolean} [summarised]
 * @property {number} [startedAt]
 * @property {number} [endedAt]
 */

/**
 * The next words of a reply. `version` and `attempt` tell which run of it they belong to.
 * @typedef {object} Delta
 * @property {string} room
 * @property {string} messageId
 * @property {number} version
 * @property {number} attempt
 * @property {number} n
 * @property {string} text
 * @property {string} [thinking]
 * @property {ToolUse} [tool]
 */

/**
 * All that a reply has said up to delta `n`.
 * @typedef {object} Keyframe
 * @property {string} messageId
 * @property {number} version
 * @property {number} attempt
 * @property {number} n
 * @property {string} text
 * @property {string} thinking
 * @property {ToolUse[]} [tools]
 * @property {string} state
 */

/**
 * What a tab knows of a reply that waits or runs.
 * @typedef {object} Stream
 * @property {string} messageId
 * @property {string} room slug
 * @property {number} version
 * @property {number} attempt
 * @property {"queued" | "running"} state
 * @property {number} n the last delta applied; -1 while even the beginning is unknown
 * @property {string} text
 * @property {string} thinking
 * @property {ToolUse[]} tools
 * @property {number} change of the newest row seen
 * @property {boolean} behind something may be missing: a keyframe is asked for
 * @property {Delta[]} held beyond a gap, by n
 */

/**
 * @typedef {object} Room
 * @property {string} slug
 * @property {string} name
 * @property {string} kind
 * @property {string} [topic]
 * @property {number} [change]
 * @property {string} [epoch]
 * @property {User[]} [members]
 */

/**
 * A message that the server has not answered yet.
 * @typedef {object} Entry
 * @property {string} clientId
 * @property {string} room slug
 * @property {string} content
 * @property {string} [replyTo] id of a message
 * @property {string[]} [attachments] ids of uploaded files
 * @property {number} createdAt
 * @property {number} order rising; messages of a room are sent in this order
 * @property {string} owner the tab that sends it
 * @property {"sending" | "failed"} state
 * @property {{code: string, message: string} | null} error
 */

/**
 * @typedef {object} RoomState
 * @property {string} slug
 * @property {Room | null} room
 * @property {string | null} role
 * @property {number} change last change that was applied, with nothing missing before it
 * @property {string | null} epoch
 * @property {Message[]} messages a window of the room's history without holes, by seq
 * @property {Entry[]} pending own messages on their way
 * @property {OnlineUser[]} online in a crowd only some of them
 * @property {number} onlineCount how many people are here
 * @property {TypingUser[]} typing
 * @property {boolean} hasMore older messages exist before the window
 * @property {boolean} hasNewer newer messages exist after the window
 * @property {number} newerCount messages that arrived while the window was elsewhere
 * @property {number} lastReadSeq
 * @property {Draft | null} draft
 * @property {boolean} joined live at this moment
 * @property {{code: string, message: string} | null} error why the room could not be joined
 * @property {DurableEvent[]} buffer events beyond a gap, by change, until a sync has filled it
 * @property {number} window number of this window; another one means that the history was replaced
 * @property {number} loads history requests under way
 * @property {Map<string, Message>} aside rows outside the window that changed while history was loading
 */

/** @typedef {{change: number, message: Message}} DurableEvent */

/**
 * @typedef {object} Frame from the server
 * @property {string} type
 * @property {string} [requestId]
 * @property {number} [timestamp]
 * @property {boolean} [success]
 * @property {any} [data]
 * @property {{code: string, message: string, details?: any, retryAfter?: number}} [error]
 */

export {};
