/* The floor: the least that a broadcast can do on this machine. `floor each|joined PORT TYPING MESSAGE`.
 *
 * A client that has sent a `join_room` gets TYPING for each `typing` of someone else and MESSAGE for each `create_message`:
 * ready-made, with not a byte of what was asked. `each` writes every delivery by a call of its own; `joined` writes what
 * one read of the sender's socket has made due by one call for each receiver.
 *
 * It speaks to the load generator alone: masks are taken to be zero, a handshake is granted without a look, and a
 * socket that takes nothing holds up all others.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SOCKETS 4096
#define READ_BYTES 65536
#define FRAME_BYTES 1024
#define DUE_AT_MOST 256

struct frame { size_t size; uint8_t bytes[FRAME_BYTES + 4]; };
struct reader { size_t left; int is_open; uint8_t bytes[READ_BYTES]; }; /* what has come and is not a whole frame yet */

static struct reader *readers[SOCKETS];
static int members[SOCKETS], member_count, is_joining_writes;
static struct frame typing, message, joined;

static void die(const char *what) { perror(what); exit(1); }

static void make(struct frame *frame, const char *text) {
    size_t size = strlen(text), head = 2;
    if (size > FRAME_BYTES) { fprintf(stderr, "a frame is too long\n"); exit(1); }
    frame->bytes[0] = 0x81;
    frame->bytes[1] = (uint8_t)size;
    if (size > 125) {
        frame->bytes[1] = 126;
        frame->bytes[2] = (uint8_t)(size >> 8);
        frame->bytes[3] = (uint8_t)size;
        head = 4;
    }
    memcpy(frame->bytes + head, text, size);
    frame->size = head + size;
}

static void put(int fd, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        ssize_t wrote = send(fd, bytes, size, MSG_NOSIGNAL);
        if (wrote < 0) return; /* it has gone; its end is read next */
        bytes += wrote;
        size -= (size_t)wrote;
    }
}

/* Sends one by one what is due to a member; no one's own typing comes back. */
static void deliver_each(const struct frame *const *due, int count, int member, int sender) {
    for (int k = 0; k < count; k++)
        if (due[k] != &typing || member != sender) put(member, due[k]->bytes, due[k]->size);
}

static void deliver(const struct frame *const *due, int count, int sender) {
    static uint8_t all[DUE_AT_MOST * sizeof due[0]->bytes];
    size_t size = 0;
    if (!is_joining_writes) {
        for (int k = 0; k < count; k++)
            for (int i = 0; i < member_count; i++) deliver_each(due + k, 1, members[i], sender);
        return;
    }
    for (int k = 0; k < count; k++) {
        memcpy(all + size, due[k]->bytes, due[k]->size);
        size += due[k]->size;
    }
    for (int i = 0; i < member_count; i++)
        if (members[i] == sender) deliver_each(due, count, sender, sender);
        else put(members[i], all, size);
}

static void leave(int fd) {
    for (int i = 0; i < member_count; i++)
        if (members[i] == fd) members[i--] = members[--member_count];
    free(readers[fd]);
    readers[fd] = NULL;
    close(fd);
}

/* Returns the size of the client's frame at `at`, or 0 when it is not all there. Sets how long its head is. */
static size_t frame_at(const uint8_t *at, size_t size, size_t *head) {
    size_t length = size < 2 ? 0 : at[1] & 0x7f;
    *head = length == 126 ? 8 : 6;
    if (size < *head) return 0;
    if (length == 126) length = (size_t)at[2] << 8 | at[3];
    return size < *head + length ? 0 : *head + length;
}

static int holds(const uint8_t *at, size_t size, const char *word) { return memmem(at, size, word, strlen(word)) != NULL; }

static void take(int fd) {
    static const char granted[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
    struct reader *reader = readers[fd];
    const struct frame *due[DUE_AT_MOST];
    int count = 0;
    ssize_t got = recv(fd, reader->bytes + reader->left, READ_BYTES - reader->left, 0);
    if (got <= 0) { leave(fd); return; }
    size_t size = reader->left + (size_t)got, done = 0, step, head;
    if (!reader->is_open) {
        if ((reader->is_open = holds(reader->bytes, size, "\r\n\r\n"))) put(fd, (const uint8_t *)granted, sizeof granted - 1);
        reader->left = reader->is_open ? 0 : size;
        return;
    }
    while ((step = frame_at(reader->bytes + done, size - done, &head)) != 0) {
        const uint8_t *payload = reader->bytes + done + head;
        if ((reader->bytes[done] & 0x0f) == 8) { leave(fd); return; }
        if (holds(payload, step - head, "join_room")) {
            members[member_count++] = fd;
            put(fd, joined.bytes, joined.size);
        } else {
            due[count++] = holds(payload, step - head, "create_message") ? &message : &typing;
        }
        if (count == DUE_AT_MOST) { deliver(due, count, fd); count = 0; }
        done += step;
    }
    if (count > 0) deliver(due, count, fd);
    reader->left = size - done;
    memmove(reader->bytes, reader->bytes + done, reader->left);
}

static void welcome(int listener, int poll) {
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    if (fd >= SOCKETS || (readers[fd] = calloc(1, sizeof **readers)) == NULL) { fprintf(stderr, "too many sockets\n"); exit(1); }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
}

int main(int count, char **words) {
    if (count != 5) { fprintf(stderr, "floor each|joined PORT TYPING MESSAGE\n"); return 2; }
    is_joining_writes = strcmp(words[1], "joined") == 0;
    make(&typing, words[3]);
    make(&message, words[4]);
    make(&joined, "{\"type\":\"joined\"}");
    int one = 1, poll = epoll_create1(0), listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(words[2])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 512) != 0) die("listen");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[SOCKETS];
    if (poll < 0 || epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event) != 0) die("epoll");
    for (;;) {
        int ready = epoll_wait(poll, events, SOCKETS, -1);
        for (int i = 0; i < ready; i++)
            if (events[i].data.fd == listener) welcome(listener, poll);
            else if (readers[events[i].data.fd] != NULL) take(events[i].data.fd);
    }
}
