// A room broadcast as Elysia's documentation shows it: `ws.subscribe`, `ws.publish`; no schema, so nothing is validated.
// With STORE=1 each message is stored by bun:sqlite before it goes out, and the sender gets a response.
import { Database } from 'bun:sqlite'
import { Elysia } from 'elysia'

interface Request {
  id: string
  type: 'join_room' | 'typing' | 'create_message'
  payload: { room: string; typing: boolean; content: string; clientId: string }
}

const sender = { id: '1', username: 'sender' }
const store = Bun.env.STORE === '1' ? openStore(Bun.env.DATABASE!) : null
let lastNumber = 0

// As Bun's documentation recommends: WAL, and one prepared statement. `synchronous` as in Parley; Bun's default FULL
// would wait for the disk at each commit.
function openStore(path: string) {
  const database = new Database(path, { create: true })
  database.run('PRAGMA journal_mode = WAL')
  database.run('PRAGMA synchronous = NORMAL')
  database.run(`CREATE TABLE message (id INTEGER PRIMARY KEY AUTOINCREMENT, room TEXT NOT NULL, author TEXT NOT NULL,
    content TEXT NOT NULL, client_id TEXT NOT NULL, created_at INTEGER NOT NULL)`)
  database.run('CREATE INDEX message_room ON message (room)')
  const insert = database.query(
    'INSERT INTO message (room, author, content, client_id, created_at) VALUES (?, ?, ?, ?, ?)'
  )
  return (payload: Request['payload']) =>
    insert.run(payload.room, sender.username, payload.content, payload.clientId, Date.now()).lastInsertRowid as number
}

function frame(type: string, data: object, requestId?: string) {
  return { type, timestamp: Date.now(), data, success: true, requestId }
}

function messageOf(number: number, { room, content, clientId }: Request['payload']) {
  return {
    id: String(number),
    room,
    seq: number,
    change: number,
    kind: 'text',
    author: sender,
    content,
    html: `<p>${Bun.escapeHTML(content)}</p>\n`,
    createdAt: Date.now(),
    reactions: [],
    mentions: [],
    clientId
  }
}

const app = new Elysia({
  // Defaults but for these: the generator ignores pings, and a closed idle socket would be no fair comparison.
  // Compression is off by default.
  websocket: { idleTimeout: 960, sendPings: false }
})
  .ws('/ws', {
    // Elysia has parsed the JSON by now.
    message(ws, { id, type, payload }: Request) {
      if (type === 'typing') {
        // To everyone but the sender.
        ws.publish(payload.room, frame('typing', { room: payload.room, user: sender, typing: payload.typing }))
      } else if (type === 'create_message') {
        const message = messageOf(store ? store(payload) : ++lastNumber, payload)
        if (store) ws.send(frame('create_message', { message }, id))
        const event = frame('new_message', { room: payload.room, change: message.change, message })
        // To everyone: the server's own publish is Bun's way to include the sender.
        app.server!.publish(payload.room, JSON.stringify(event))
      } else if (type === 'join_room') {
        ws.subscribe(payload.room)
        ws.send(frame('joined', { room: payload.room }, id))
      }
    }
  })
  .listen({ hostname: '127.0.0.1', port: Number(Bun.env.PORT) })
