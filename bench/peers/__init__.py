"""The servers that Parley is measured against, each written as its own documentation recommends.

All speak Parley's envelope, so that one generator serves all and each delivery has as many bytes as Parley's:

    request    {"id":"1","type":"join_room","payload":{"room":"bench"}}
    response   {"type":"joined","timestamp":...,"data":{"room":"bench"},"success":true,"requestId":"1"}
    request    {"type":"typing","payload":{"room":"bench","typing":true}}
    delivered  {"type":"typing","timestamp":...,"data":{"room":"bench","user":{...},"typing":true},"success":true}
    request    {"id":"2","type":"create_message","payload":{"room":"bench","content":"...","clientId":"2"}}
    delivered  {"type":"new_message","timestamp":...,"data":{"room":"bench","change":1,"message":{...}},"success":true}

`typing` goes to everyone in the room but its sender, `new_message` to everyone. A storing peer also responds to
the sender, as Parley does; the others only broadcast. Socket.IO has an envelope of its own (`servers.SocketIo`).
"""
