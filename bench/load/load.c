/* The hot loop of the load generator: many WebSockets, one epoll, no allocation per frame.
 *
 * Python opens the sockets and does the handshakes; here their frames are counted and timed. Three loads:
 *
 *   fanout     senders keep `window` messages in flight, each of which every receiver must get; or, with window 0, they
 *              send `rate` a second whatever happens. A receiver's k-th marked frame is the k-th message sent, for the
 *              servers keep order; so nothing in a frame needs to be parsed for its latency.
 *   responses  each sender keeps `window` requests in flight and sends the next when a response (a frame with `marker`)
 *              comes.
 *   watch      nothing is sent. Wherever `marker` stands in a frame that also holds `within`, the digits after it are
 *              the microsecond of the monotonic clock at which that piece of text was made.
 *
 * With messages in flight `fanout` never sleeps: to wake a core that sleeps costs the server more than the write that does
 * it, and the slower a server is, the more often the generator would have caught up and gone to sleep between its writes.
 *
 * Every function returns 0, or -1 with `error` filled in.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 512
#define READ_BYTES 262144
#define HISTOGRAM_BUCKETS 10000000 /* microseconds; what takes longer counts as the last */
#define NUMBER_DIGITS 12
#define STALLED_MICROS 20000000ULL

struct result {
    uint64_t sent, received, bytes; /* in the measured time: frames sent, marked frames and all bytes received */
    double seconds;
    uint64_t worked_micros; /* in all the time: how long frames were sent, read and counted; the rest was waiting */
    uint32_t *latencies; /* how often each microsecond was seen; the caller's, HISTOGRAM_BUCKETS long, or NULL */
    char error[200];
};

struct plan {
    const int *receivers;
    int receiver_count;
    const int *senders;
    int sender_count;
    const char *const *frames; /* ready-made, masked with zeros; NULL-terminated list for each sender, see `frames_per_sender` */
    const int *frame_sizes;
    int frames_per_sender;
    const char *marker;
    int window;
    double rate, warm_up_seconds, seconds;
    const char *within;    /* what a frame must hold to be looked at by `watch` */
    uint64_t first_number; /* no number may come twice: it stands in request ids, by which servers know repetitions */
};

struct stream { /* what came over one socket */
    int fd, is_sender, sender_index;
    uint64_t count;          /* marked frames so far */
    uint8_t *left;           /* the beginning of a frame whose end has not come yet */
    size_t left_size, left_room;
};

static uint64_t now_micros(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (uint64_t)at.tv_sec * 1000000u + (uint64_t)at.tv_nsec / 1000u;
}

static int fail(struct result *result, const char *what) {
    snprintf(result->error, sizeof result->error, "%s: %s", what, strerror(errno));
    return -1;
}

static void note(struct result *result, uint64_t micros) {
    if (result->latencies != NULL)
        result->latencies[micros < HISTOGRAM_BUCKETS ? micros : HISTOGRAM_BUCKETS - 1]++;
}

/* Writes a frame with its number in place of each run of NUMBER_DIGITS zeros. */
static int send_numbered(int fd, const char *frame, int size, uint64_t number, struct result *result) {
    static const char zeros[] = "000000000000";
    char copy[70000];
    char digits[NUMBER_DIGITS + 1];
    if (size > (int)sizeof copy) { errno = EMSGSIZE; return fail(result, "frame"); }
    memcpy(copy, frame, (size_t)size);
    snprintf(digits, sizeof digits, "%012llu", (unsigned long long)(number % 1000000000000u));
    for (char *at = copy; (at = memmem(at, (size_t)(copy + size - at), zeros, NUMBER_DIGITS)) != NULL; at += NUMBER_DIGITS)
        memcpy(at, digits, NUMBER_DIGITS);
    for (int done = 0; done < size;) {
        ssize_t wrote = send(fd, copy + done, (size_t)(size - done), MSG_NOSIGNAL);
        if (wrote > 0) done += (int)wrote;
        else if (errno != EAGAIN && errno != EINTR) return fail(result, "send");
        else {
            struct timespec pause = {0, 20000};
            nanosleep(&pause, NULL); /* the server is not reading just now */
        }
    }
    return 0;
}

/* Returns the size of the frame at `at`, or 0 when it is not all there. Sets where the payload is. */
static size_t frame_at(const uint8_t *at, size_t size, const uint8_t **payload, size_t *payload_size) {
    size_t head = 2, length;
    if (size < 2) return 0;
    length = at[1] & 0x7f;
    if (length == 126) {
        if (size < 4) return 0;
        head = 4;
        length = (size_t)at[2] << 8 | at[3];
    } else if (length == 127) {
        if (size < 10) return 0;
        head = 10;
        length = 0;
        for (int i = 2; i < 10; i++) length = length << 8 | at[i];
    }
    if (size < head + length) return 0;
    *payload = at + head;
    *payload_size = length;
    return head + length;
}

/* Finds quantiles of a histogram, in microseconds. Here, because ten million steps of Python would hold up its threads. */
void quantiles(const uint32_t *histogram, const double *wanted, int count, uint64_t *found) {
    uint64_t total = 0, seen = 0;
    size_t at = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) total += histogram[i];
    for (int k = 0; k < count; k++) {
        while (at < HISTOGRAM_BUCKETS && (double)seen < wanted[k] * (double)total) seen += histogram[at++];
        found[k] = at > 0 ? at - 1 : 0;
    }
}

typedef int (*on_frame)(void *load, struct stream *stream, const uint8_t *payload, size_t size);

/* Reads what a socket has and hands over each whole frame. */
static int drain(struct stream *stream, on_frame take, void *load, struct result *result, int is_measuring) {
    static uint8_t buffer[READ_BYTES];
    memcpy(buffer, stream->left, stream->left_size);
    ssize_t got = recv(stream->fd, buffer + stream->left_size, READ_BYTES - stream->left_size, MSG_DONTWAIT);
    if (got == 0) { errno = ECONNRESET; return fail(result, "the server closed a connection"); }
    if (got < 0) return errno == EAGAIN || errno == EINTR ? 0 : fail(result, "recv");
    if (is_measuring) result->bytes += (uint64_t)got;
    size_t size = stream->left_size + (size_t)got, done = 0, step, payload_size;
    const uint8_t *payload;
    while ((step = frame_at(buffer + done, size - done, &payload, &payload_size)) != 0) {
        if ((buffer[done] & 0x0f) == 8) { errno = ECONNRESET; return fail(result, "the server sent a close frame"); }
        if (take(load, stream, payload, payload_size) != 0) return -1;
        done += step;
    }
    stream->left_size = size - done;
    if (stream->left_size > READ_BYTES / 2) { errno = EMSGSIZE; return fail(result, "frame from the server"); }
    if (stream->left_size > stream->left_room) {
        stream->left_room = stream->left_size * 2;
        stream->left = realloc(stream->left, stream->left_room);
        if (stream->left == NULL) return fail(result, "memory");
    }
    memcpy(stream->left, buffer + done, stream->left_size);
    return 0;
}

/* Reads from all sockets that have something, once. Waits for as long, in milliseconds; with 0 it lets others run instead.
 * Returns how many had something, or -1. */
static int take_ready(int poll, int wait, on_frame take, void *load, struct result *result, int is_measuring) {
    struct epoll_event events[EVENTS];
    int ready = epoll_wait(poll, events, EVENTS, wait);
    if (ready <= 0) {
        if (wait == 0) sched_yield(); /* Redis may have no other core */
        return 0;
    }
    uint64_t began = now_micros();
    for (int i = 0; i < ready; i++)
        if (drain(events[i].data.ptr, take, load, result, is_measuring) != 0) return -1;
    result->worked_micros += now_micros() - began;
    return ready;
}

static struct stream *make_streams(const struct plan *plan, int poll, struct result *result) {
    int total = plan->receiver_count + plan->sender_count;
    struct stream *streams = calloc((size_t)total, sizeof *streams);
    if (streams == NULL) { fail(result, "memory"); return NULL; }
    for (int i = 0; i < total; i++) {
        struct stream *stream = &streams[i];
        stream->is_sender = i >= plan->receiver_count;
        stream->sender_index = i - plan->receiver_count;
        stream->fd = stream->is_sender ? plan->senders[stream->sender_index] : plan->receivers[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
        if (epoll_ctl(poll, EPOLL_CTL_ADD, stream->fd, &event) != 0) {
            fail(result, "epoll_ctl");
            free(streams);
            return NULL;
        }
    }
    return streams;
}

static void free_streams(struct stream *streams, const struct plan *plan, int poll) {
    for (int i = 0; streams != NULL && i < plan->receiver_count + plan->sender_count; i++) free(streams[i].left);
    free(streams);
    close(poll);
}

/* --- fanout -------------------------------------------------------------------------------------------------- */

#define MEMORY 65536 /* messages in flight at most: their send times and how many have got them */

struct fanout {
    const struct plan *plan;
    struct result *result;
    size_t marker_size;
    uint64_t sent, complete; /* messages sent; messages that every receiver has */
    uint64_t sent_at[MEMORY];
    uint32_t got[MEMORY];
    int is_measuring;
};

static int fanout_frame(void *load, struct stream *stream, const uint8_t *payload, size_t size) {
    struct fanout *fanout = load;
    if (stream->is_sender || memmem(payload, size, fanout->plan->marker, fanout->marker_size) == NULL) return 0;
    uint64_t number = stream->count++;
    if (number >= fanout->sent) { errno = EPROTO; return fail(fanout->result, "more messages came than were sent"); }
    if (fanout->is_measuring) {
        fanout->result->received++;
        note(fanout->result, now_micros() - fanout->sent_at[number % MEMORY]);
    }
    fanout->got[number % MEMORY]++;
    while (fanout->complete < fanout->sent && fanout->got[fanout->complete % MEMORY] == (uint32_t)fanout->plan->receiver_count)
        fanout->complete++;
    return 0;
}

static int fanout_send(struct fanout *fanout) {
    const struct plan *plan = fanout->plan;
    uint64_t number = fanout->sent;
    int sender = (int)(number % (uint64_t)plan->sender_count);
    if (number - fanout->complete >= MEMORY) { errno = ENOBUFS; return fail(fanout->result, "the server is too far behind"); }
    fanout->got[number % MEMORY] = 0;
    fanout->sent_at[number % MEMORY] = now_micros();
    fanout->sent++;
    if (fanout->is_measuring) fanout->result->sent++;
    int frame = sender * plan->frames_per_sender;
    return send_numbered(plan->senders[sender], plan->frames[frame], plan->frame_sizes[frame], plan->first_number + number, fanout->result);
}

int fanout(const struct plan *plan, struct result *result) {
    int outcome = -1, poll = epoll_create1(0);
    struct fanout *fanout = calloc(1, sizeof *fanout);
    struct stream *streams = make_streams(plan, poll, result);
    if (fanout == NULL || streams == NULL) goto end;
    fanout->plan = plan;
    fanout->result = result;
    fanout->marker_size = strlen(plan->marker);
    uint64_t begin = now_micros(), measured_from = begin + (uint64_t)(plan->warm_up_seconds * 1e6);
    uint64_t until = measured_from + (uint64_t)(plan->seconds * 1e6), last_news = begin, now = begin;
    uint64_t gap = plan->window == 0 ? (uint64_t)(1e6 / plan->rate) : 0, due = begin;
    while (now < until || fanout->complete < fanout->sent) {
        int was_measuring = fanout->is_measuring;
        fanout->is_measuring = now >= measured_from && now < until;
        if (was_measuring && !fanout->is_measuring) result->seconds = (double)(now - measured_from) / 1e6;
        while (now < until && (gap ? due <= now : fanout->sent - fanout->complete < (uint64_t)plan->window)) {
            if (fanout_send(fanout) != 0) goto end;
            due += gap;
        }
        int ready = take_ready(poll, gap ? 1 : 0, fanout_frame, fanout, result, fanout->is_measuring);
        if (ready < 0) goto end;
        now = now_micros();
        if (ready > 0) last_news = now;
        if (now - last_news > STALLED_MICROS) { errno = ETIMEDOUT; fail(result, "messages were lost"); goto end; }
    }
    if (result->seconds == 0) result->seconds = plan->seconds;
    outcome = 0;
end:
    free_streams(streams, plan, poll);
    free(fanout);
    return outcome;
}

/* --- responses -------------------------------------------------------------------------------------------------- */

struct responses {
    const struct plan *plan;
    struct result *result;
    size_t marker_size;
    uint64_t sent, *sent_at; /* by sender: the times of its requests in flight, a ring of `window` */
    uint64_t *sent_by;
    int is_measuring, is_ending;
    uint64_t in_flight;
};

static int responses_send(struct responses *responses, int sender) {
    const struct plan *plan = responses->plan;
    int frame = sender * plan->frames_per_sender + (int)(responses->sent_by[sender] % (uint64_t)plan->frames_per_sender);
    responses->sent_at[(uint64_t)sender * (uint64_t)plan->window + responses->sent_by[sender] % (uint64_t)plan->window] = now_micros();
    responses->sent_by[sender]++;
    responses->in_flight++;
    if (responses->is_measuring) responses->result->sent++;
    return send_numbered(plan->senders[sender], plan->frames[frame], plan->frame_sizes[frame], plan->first_number + responses->sent++,
                         responses->result);
}

static int responses_frame(void *load, struct stream *stream, const uint8_t *payload, size_t size) {
    struct responses *responses = load;
    if (!stream->is_sender || memmem(payload, size, responses->plan->marker, responses->marker_size) == NULL) return 0;
    uint64_t window = (uint64_t)responses->plan->window, sender = (uint64_t)stream->sender_index;
    if (responses->is_measuring) {
        responses->result->received++;
        note(responses->result, now_micros() - responses->sent_at[sender * window + stream->count % window]);
    }
    stream->count++;
    responses->in_flight--;
    return responses->is_ending ? 0 : responses_send(responses, stream->sender_index);
}

int responses(const struct plan *plan, struct result *result) {
    int outcome = -1, poll = epoll_create1(0);
    struct responses responses = {.plan = plan, .result = result, .marker_size = strlen(plan->marker)};
    responses.sent_at = calloc((size_t)plan->sender_count * (size_t)plan->window, sizeof *responses.sent_at);
    responses.sent_by = calloc((size_t)plan->sender_count, sizeof *responses.sent_by);
    struct stream *streams = make_streams(plan, poll, result);
    if (streams == NULL || responses.sent_at == NULL || responses.sent_by == NULL) goto end;
    uint64_t begin = now_micros(), measured_from = begin + (uint64_t)(plan->warm_up_seconds * 1e6);
    uint64_t until = measured_from + (uint64_t)(plan->seconds * 1e6), last_news = begin, now = begin;
    for (int i = 0; i < plan->sender_count; i++)
        for (int k = 0; k < plan->window; k++)
            if (responses_send(&responses, i) != 0) goto end;
    while (now < until || responses.in_flight > 0) {
        int was_measuring = responses.is_measuring;
        responses.is_measuring = now >= measured_from && now < until;
        responses.is_ending = now >= until;
        if (was_measuring && !responses.is_measuring) result->seconds = (double)(now - measured_from) / 1e6;
        int ready = take_ready(poll, 1000, responses_frame, &responses, result, responses.is_measuring);
        if (ready < 0) goto end;
        now = now_micros();
        if (ready > 0) last_news = now;
        if (now - last_news > STALLED_MICROS) { errno = ETIMEDOUT; fail(result, "responses were lost"); goto end; }
    }
    if (result->seconds == 0) result->seconds = plan->seconds;
    outcome = 0;
end:
    free_streams(streams, plan, poll);
    free(responses.sent_at);
    free(responses.sent_by);
    return outcome;
}

/* --- watch ---------------------------------------------------------------------------------------------------- */

struct watch {
    const struct plan *plan;
    struct result *result;
    size_t marker_size;
    int is_measuring;
};

static int watch_frame(void *load, struct stream *stream, const uint8_t *payload, size_t size) {
    struct watch *watch = load;
    const uint8_t *at = payload, *end = payload + size;
    uint64_t now = now_micros();
    if (memmem(payload, size, watch->plan->within, strlen(watch->plan->within)) == NULL) return 0;
    while ((at = memmem(at, (size_t)(end - at), watch->plan->marker, watch->marker_size)) != NULL) {
        uint64_t made = 0;
        for (at += watch->marker_size; at < end && *at >= '0' && *at <= '9'; at++) made = made * 10 + (uint64_t)(*at - '0');
        if (watch->is_measuring && made <= now) {
            watch->result->received++;
            note(watch->result, now - made);
        }
    }
    stream->count++;
    return 0;
}

int watch(const struct plan *plan, struct result *result) {
    int outcome = -1, poll = epoll_create1(0);
    struct watch watch = {.plan = plan, .result = result, .marker_size = strlen(plan->marker)};
    struct stream *streams = make_streams(plan, poll, result);
    if (streams == NULL) goto end;
    uint64_t measured_from = now_micros() + (uint64_t)(plan->warm_up_seconds * 1e6);
    uint64_t until = measured_from + (uint64_t)(plan->seconds * 1e6);
    for (uint64_t now = 0; now < until; now = now_micros()) {
        watch.is_measuring = now >= measured_from;
        if (take_ready(poll, 50, watch_frame, &watch, result, watch.is_measuring) < 0) goto end;
    }
    result->seconds = plan->seconds;
    outcome = 0;
end:
    free_streams(streams, plan, poll);
    return outcome;
}
