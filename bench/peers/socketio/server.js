// A room broadcast as Socket.IO's documentation shows it: `socket.join`, `socket.to(room).emit`, `io.to(room).emit`.
// The native add-on bufferutil is installed, as its page on performance recommends.
import { createServer } from 'node:http'
import { Server } from 'socket.io'

const A_WEEK_MS = 7 * 24 * 60 * 60 * 1000
const sender = { id: '1', username: 'sender' }
let lastNumber = 0

const httpServer = createServer()
const io = new Server(httpServer, {
  transports: ['websocket'],
  perMessageDeflate: false, // the default
  serveClient: false,
  pingInterval: A_WEEK_MS // the generator ignores pings
})

// From the same page: the first request of a socket need not stay in memory.
io.engine.on('connection', (rawSocket) => {
  rawSocket.request = null
})

// Socket.IO's own envelope, 42["typing",{...}], is three bytes shorter than Parley's {"type":"typing",...}. The longer
// key makes up for it: each delivery has as many bytes as Parley's.
function body(data) {
  return { timestamp: Date.now(), data, successful: true }
}

const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#x27;' }
const escapeHtml = (text) => text.replace(/[&<>"']/g, (character) => entities[character])

function messageOf(number, { room, content, clientId }) {
  return {
    id: String(number),
    room,
    seq: number,
    change: number,
    kind: 'text',
    author: sender,
    content,
    html: `<p>${escapeHtml(content)}</p>\n`,
    createdAt: Date.now(),
    reactions: [],
    mentions: [],
    clientId
  }
}

io.on('connection', (socket) => {
  socket.on('join_room', ({ payload }) => {
    socket.join(payload.room)
    socket.emit('joined', body({ room: payload.room }))
  })
  socket.on('typing', ({ payload }) => {
    const { room, typing } = payload
    socket.to(room).emit('typing', body({ room, user: sender, typing }))
  })
  socket.on('create_message', ({ payload }) => {
    const message = messageOf(++lastNumber, payload)
    io.to(payload.room).emit('new_message', body({ room: payload.room, change: message.change, message }))
  })
})

httpServer.listen(Number(process.env.PORT), '127.0.0.1')
