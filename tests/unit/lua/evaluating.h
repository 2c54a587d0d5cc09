/* A handler that runs what it is sent as code, and what is expected of that. */
#ifndef MR_TESTS_LUA_EVALUATING_H
#define MR_TESTS_LUA_EVALUATING_H

#include "world.h"

/* Runs what it is sent as code. */
static const char evaluating[] =
    "router = require 'moonroute' "
    "function handleMessage(_, code) return assert(loadstring(code))() end";

static inline void evaluate(struct world *world, const char *code)
{
    struct mr_incoming incoming = world_message(code);
    world_end(world, world_begin(world, MR_CODEC_RAW, &incoming));
}

static inline void assert_refused(struct world *world, const char *code, const char *why)
{
    evaluate(world, code);
    if (world->result.outcome != MR_OUTCOME_RAISED)
        fail_msg("not refused: %s", code);
    const char *message = world_text(world->result.fault.message);
    if (strstr(message, why) == NULL)
        fail_msg("%s: expected '%s' in '%s'", code, why, message);
}

static inline void assert_evaluates(struct world *world, const char *code, const char *expected)
{
    struct mr_incoming incoming = world_message(code);
    struct mr_task *task = world_begin(world, MR_CODEC_RAW, &incoming);
    assert_reply(world, expected);
    world_end(world, task);
}

#endif
