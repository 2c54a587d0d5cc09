"""What goes with a handler's own requests: deadlines, the trace's context, and how many may be open."""

import contextlib
import json
import os
import re
import sys
import time
from collections.abc import Callable

import psutil
from conftest import StartRouter
from support.asker import Asker, new_id
from support.cluster import Cluster, Headers, unique
from support.router import Scripts
from support.stalls import stalls
from support.wait import until

TRACE: Headers = [("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), ("tracestate", b"vendor=1"),
                  ("baggage", b"user=7")]

OPEN = int(os.environ.get("MR_OPEN_REQUESTS", "2000"))


def asking(topic: str, options: str = "") -> str:
    return f"""
local router = require "moonroute"
function handleMessage() return router.request("{topic}", {{}}, {{ {options} }}) end
"""


def test_the_context_of_a_trace_goes_with_all_that_a_handler_sends(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                   start_router: StartRouter) -> None:
    topic, other, asked = (cluster.create_topic(unique(stem)) for stem in ("traced", "published", "asked"))
    scripts.write(topic, f"""
    local router = require "moonroute"
    function handleMessage()
        router.publish("{other}", {{}})
        router.publish("{other}", {{}}, {{ headers = {{ TraceParent = "mine" }} }})
        local data = router.request("{asked}", {{}}, {{ headers = {{ baggage = "mine" }} }})
        return data
    end
    """)
    scripts.write(asked, "function handleMessage(_, _, headers) return headers.traceparent end")
    start_router(scripts)
    reply = asker.ask(topic, {}, headers=TRACE)
    assert json.loads(reply.value) == dict(TRACE)["traceparent"].decode()
    assert set(TRACE) <= set(reply.headers)
    passed, own = (record.headers for record in cluster.await_records(other, 2))
    assert passed == TRACE
    assert own == [("TraceParent", b"mine"), ("baggage", b"user=7")]
    (request,) = cluster.await_records(asked, 1)
    assert {("traceparent", dict(TRACE)["traceparent"]), ("tracestate", b"vendor=1"), ("baggage", b"mine")} <= set(request.headers)
    assert [name for name, _ in request.headers].count("baggage") == 1


def test_who_asks_on_behalf_of_a_request_waits_no_longer_than_that_is_waited_for(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                                 start_router: StartRouter) -> None:
    topic, silent, own = (cluster.create_topic(unique(stem)) for stem in ("asking", "silent", "own"))
    cluster.create_topic(f"{silent}-responses")
    scripts.write(topic, asking(silent))
    scripts.write(own, asking(silent, "timeout = 321"))
    start_router(scripts)

    def waited(to: str, sent: int, timeout: int) -> int:
        headers = [*asker.plain(new_id()), ("timestamp", str(sent).encode()), ("timeout", str(timeout).encode())]
        asker.send(to, {}, headers)
        error = json.loads(asker.next_reply().value)
        assert (error["statusCode"], error["error"]) == (504, "RequestTimeout")
        found = re.fullmatch(r"Request timeout after (\d+)ms", error["message"])
        assert found, error
        return int(found[1])

    now = int(time.time() * 1000)
    assert 1 <= waited(topic, now, 2500) <= 2500
    assert waited(topic, now - 60_000, 1000) == 1
    assert waited(own, now, 60_000) == 321
    (first, second, third) = cluster.await_records(silent, 3)
    assert int(first.header("timeout")) <= 2500
    assert (second.header("timeout"), third.header("timeout")) == (b"1", b"321")


def test_no_more_requests_are_open_than_may_be(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic, silent = (cluster.create_topic(unique(stem)) for stem in ("asking", "silent"))
    cluster.create_topic(f"{silent}-responses")
    scripts.write(topic, asking(silent, "timeout = 20000"))
    config = "return { rpc = { max_pending = 3 }, defaults = { retry = { max = 0 } } }"
    router = start_router(scripts, config=config, workers=1)
    for _ in range(3):
        asker.send(topic, {}, asker.plain(new_id()))
    until(lambda: "moonroute_rpc_pending 3\n" in router.get("/metrics")[1], "three requests are open", 30)
    error = asker.ask_error(topic, {})
    assert error["statusCode"] == 500
    assert "3 requests wait for their replies already (rpc.max_pending)" in error["message"]


def test_a_request_that_is_refused_ends_at_once_and_says_why(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic, small, narrow = (cluster.create_topic(unique("asking")), cluster.create_topic(unique("small"), **{"max.message.bytes": "1000"}),
                            cluster.create_topic(unique("narrow"), 1))
    scripts.write(topic, f"""
    local router = require "moonroute"
    local noise = {{}} -- a record that is refused is sent again alone, and compressed: this one stays large
    for i = 1, 3000 do noise[i] = string.char(math.random(48, 122)) end
    function handleMessage(_, message)
        if message == "large" then return router.request("{small}", table.concat(noise), {{ timeout = 600000 }}) end
        return router.request("{narrow}", {{}}, {{ timeout = 600000, partition = 99 }})
    end
    """)
    start_router(scripts, workers=1)
    refused = {"statusCode": 502, "error": "RequestFailed"}
    for message, why in [("large", "Broker: Message size too large"), *[("beyond", "Local: Unknown partition")] * 2]:
        error = asker.ask_error(topic, message)
        assert error["message"].startswith("the request could not be sent: ")
        assert why in error["message"]
        assert {name: error[name] for name in refused} == refused


def test_an_answer_in_a_partition_that_the_response_topic_got_meanwhile_is_heard(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                                  start_router: StartRouter) -> None:
    topic, served = (cluster.create_topic(unique(stem)) for stem in ("asking", "served"))
    responses = cluster.create_topic(f"{served}-responses", 1)
    scripts.write(topic, asking(served, 'timeout = 60000, dialect = "plain"'))
    start_router(scripts, workers=1)
    asker.send(topic, {}, asker.plain(new_id()))
    (request,) = cluster.await_records(served, 1)
    cluster.grow_topic(responses, 3)
    with contextlib.closing(Asker(cluster)) as service:
        service.send(responses, {"on": 2}, [("correlation-id", request.header("correlation-id"))], partition=2)
    assert json.loads(asker.next_reply(40).value) == {"on": 2}


def test_a_stop_cancels_open_requests_by_name_and_who_fails_for_it_is_handled_again(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                                   start_router: StartRouter) -> None:
    copes, fails, silent = (cluster.create_topic(unique(stem)) for stem in ("copes", "fails", "silent"))
    cluster.create_topic(f"{silent}-responses")
    scripts.write(copes, f"""
    local router = require "moonroute"
    function handleMessage()
        local _, first = pcall(router.request, "{silent}", {{}}, {{ timeout = 60000 }})
        local _, second = pcall(router.request, "{silent}", {{}})
        return {{ code = first.statusCode, name = first.error, message = first.message, again = tostring(second) }}
    end
    """)
    scripts.write(fails, asking(silent, "timeout = 60000"))
    router = start_router(scripts, config="return { shutdown_timeout = 2000 }")
    for topic in (copes, fails):
        asker.send(topic, {}, asker.plain(new_id()))
    until(lambda: "moonroute_rpc_pending 2\n" in router.get("/metrics")[1], "both have asked", 30)
    router.stop()
    told = json.loads(asker.next_reply().value)
    assert (told["code"], told["name"], told["message"]) == (503, "RequestCancelled", "Request cancelled: the worker stops")
    assert "Request cancelled: the worker stops" in told["again"]
    (left,) = [line for line in router.log() if line["event"] == "handler_abandoned"]
    assert (left["topic"], left["message"]) == (fails, "Request cancelled: the worker stops")
    scripts.write(fails, "function handleMessage() return 'at last' end")
    router.start()
    assert json.loads(asker.next_reply().value) == "at last"


def test_all_asks_at_once_and_waits_for_all(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter) -> None:
    topic, asked = (cluster.create_topic(unique(stem)) for stem in ("all", "asked"))
    scripts.write(asked, """
    local router = require "moonroute"
    function handleMessage(_, message)
        router.sleep(message.ms)
        if message.fails then router.fail(404, "number " .. message.number, "NotFound") end
        return message.number
    end
    """)
    scripts.write(topic, f"""
    local router = require "moonroute"
    function handleMessage(_, message)
        local calls = {{}}
        for number, call in ipairs(message) do
            calls[number] = function()
                call.number = number
                return (router.request("{asked}", call))
            end
        end
        return router.all(calls)
    end
    """)
    start_router(scripts)
    assert asker.ask_data(topic, []) == []
    assert asker.ask_data(topic, [{"ms": 300}, {"ms": 0}, {"ms": 100}]) == [1, 2, 3]
    assert asker.ask_data(topic, [{"ms": number % 7} for number in range(300)]) == list(range(1, 301))
    error = asker.ask_error(topic, [{"ms": 0}, {"ms": 200, "fails": True}, {"ms": 0, "fails": True}])
    assert (error["statusCode"], error["message"]) == (404, "number 2")


def test_the_reply_does_not_wait_for_what_is_spawned_but_the_offset_does(cluster: Cluster, asker: Asker, scripts: Scripts,
                                                                         start_router: StartRouter) -> None:
    topic, done = (cluster.create_topic(unique(stem)) for stem in ("spawning", "done"))
    scripts.write(topic, f"""
    local router = require "moonroute"
    function handleMessage(_, message)
        router.spawn(function()
            router.sleep(1500)
            if message.fails then router.fail(503, "broken") end
            router.publish("{done}", {{}})
        end)
        return "at once"
    end
    """)
    router = start_router(scripts, config="return { defaults = { retry = { max = 1, base = 10 } } }", env={"MOONROUTE_COMMIT_INTERVAL": "100"})
    assert asker.ask_data(topic, {}) == "at once"
    assert cluster.count(done) == 0
    assert sum(cluster.committed(router.group, topic).values()) == 0
    cluster.await_records(done, 1)
    cluster.await_committed(router.group, topic)
    assert asker.ask_data(topic, {"fails": True}) == "at once"
    (dead,) = cluster.await_records(f"{topic}-dlq", 1)
    assert b"broken" in dead.header("error")
    assert dead.header("total-retries") == b"1"
    cluster.await_committed(router.group, topic)
    assert cluster.count(asker.replies) == 2


def test_many_open_requests_all_time_out_and_cost_little(cluster: Cluster, asker: Asker, scripts: Scripts, start_router: StartRouter,
                                                         note: Callable[[str], None]) -> None:
    topic, silent = (cluster.create_topic(unique(stem)) for stem in ("many", "silent"))
    cluster.create_topic(f"{silent}-responses")
    scripts.write(topic, f"""
    local router = require "moonroute"
    function handleMessage(_, message)
        local late, codes, calls = 0, 0, {{}}
        for number = 1, message.count do
            calls[number] = function()
                local timeout = message.least + number % message.spread
                local due = router.now() + timeout
                local _, raised = pcall(router.request, "{silent}", number, {{ timeout = timeout }})
                late = math.max(late, router.now() - due)
                codes = codes + raised.statusCode
            end
        end
        router.all(calls)
        return {{ late = late, codes = codes }}
    end
    """)
    config = "return { defaults = { budget = { time = 60000, memory = '1GB' } } }"
    router = start_router(scripts, config=config, workers=1)
    assert asker.ask_data(topic, {"count": 10, "least": 1, "spread": 1})["codes"] == 5040  # the inbox listens from here on
    worker = psutil.Process(router.workers()[0])

    def measured() -> tuple[int, int]:
        found = re.search(r'^moonroute_lua_memory_bytes\{.*\} (\d+)$', router.get("/metrics")[1], re.M)
        assert found
        return worker.memory_info().rss, int(found[1])

    before = measured()
    correlation_id = new_id()
    asker.send(topic, {"count": OPEN, "least": 15000, "spread": 4000}, [*asker.plain(correlation_id), ("timeout", b"120000")])
    all_open = f"moonroute_rpc_pending {OPEN}\n"
    until(lambda: all_open in router.get("/metrics")[1], "all requests are open", 60)
    after = (sys.maxsize, 0)
    with stalls() as longest_stall:
        while all_open in router.get("/metrics")[1]:  # what sending them took is given back meanwhile
            after = min(after, measured(), key=lambda each: each[0] - each[1])  # Lua's gauge is up to a second old
            time.sleep(0.2)
        told = json.loads(asker.reply_to(correlation_id, 60).value)
        stall = longest_stall()
    beyond_lua = ((after[0] - before[0]) - (after[1] - before[1])) / OPEN
    note(f"{OPEN} open requests: {beyond_lua:.0f} bytes each beyond Lua's {(after[1] - before[1]) / OPEN:.0f}, at most {told['late']} ms late;"
         f" a process that only sleeps, at most {stall:.0f} ms")
    assert told["codes"] == OPEN * 504
    if OPEN >= 100_000:  # by hand; of fewer it would be what the process has by the way
        assert beyond_lua < 1024
        assert told["late"] <= 20 + stall
