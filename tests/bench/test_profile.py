"""Whose time a sample of the running server is."""

from bench.profile import OTHER, STEPS, shares, table

LOOP = "thread (1): MainThread;main (config/serve.py:46);uv_run (core.c:40)"
OUTBOX = "chat/realtime/delivery/outbox.py"
DELIVERY = f"{LOOP};DirectOutbox._flush_all ({OUTBOX}:144);DirectOutbox.write ({OUTBOX}:157)"
WRITE = "TransportWriter.write (chat/server/transport/transport_writer.py:20);UVStream__try_write (loop.c:1)"
READ = f"{LOOP};FrameProtocol.data_received (chat/server/transport/uvicorn_protocol.py:45)"
HANDLER = f"{LOOP};ChatConsumer._read (chat/server/consumer.py:80);_take (chat/server/consumer.py:120)"


def test_a_sample_belongs_to_its_innermost_function_that_has_a_name_in_the_list() -> None:
    found = shares(
        [
            f"{DELIVERY};{WRITE};write (libc.so.6) 50",
            f"{DELIVERY};{WRITE} 10",
            f"{DELIVERY};malloc (libc.so.6) 8",
            f"{HANDLER};event (chat/protocol/frames.py:155);encode (chat/protocol/frames.py:146);x (msgspec/_core.so) 4",
            f"{HANDLER};decode (chat/protocol/frames.py:80) 6",
            f"{READ};parse (websockets/protocol.py:1) 7",
            "thread (2): writer_0;run (thread.py:58);sqlite3_step (libsqlite3.so) 12",
            f"{LOOP} 3",
        ]
    )
    assert found == {
        "the system's write": 0.5,
        "the loop's `transport.write`": 0.1,
        "queueing": 0.08,
        "making the frame": 0.04,
        "checking it: form, rate, rights": 0.06,
        "reading the sender's frame": 0.07,
        "storing, and asking the database": 0.12,
        "publishing": 0.0,
        OTHER: 0.03,
    }


def test_who_sleeps_or_waits_for_work_a_lock_or_a_socket_does_not_count() -> None:
    found = shares(
        [
            f"{LOOP};uv__io_poll (linux.c:1);epoll_pwait (libc.so.6) 100",
            "thread (3): pool;_worker (thread.py:81);PyThread_acquire_lock (libpython.so);0x1 (libc.so);0x2 (libc.so) 90",
            "thread (4): heap;_trim (chat/server/heap.py:37);time_sleep (libpython.so);clock_nanosleep (libc.so.6) 80",
            f"{DELIVERY};{WRITE};write (libc.so.6) 1",
        ]
    )
    assert found["the system's write"] == 1.0


def test_nothing_seen_is_no_time_at_all() -> None:
    assert set(shares([]).values()) == {0.0}


def test_the_table_has_a_line_for_each_step_and_one_for_the_cost_of_each_server() -> None:
    load = ("typing", 1)
    written = table({load: dict.fromkeys((*STEPS, OTHER), 0.25)}, {"Parley": {load: 12.34}}).splitlines()
    assert written[0] == "|  | typing, W = 1 |" and written[-1] == "| Parley, µs a delivery | 12.3 |"
    assert len(written) == 2 + len(STEPS) + 1 + 1 and written[2].endswith(" | 25% |")
