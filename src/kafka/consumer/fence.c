#include "kafka/consumer/fence.h"

#include <stdlib.h>

#include "base/clock.h"

/* Added to the session: an answer may take so long. */
enum { ANSWER_MS = 60000 };

static uint64_t session_of(rd_kafka_t *handle)
{
    char session[32] = "";
    size_t size = sizeof(session);
    rd_kafka_conf_get(rd_kafka_conf(handle), "session.timeout.ms", session, &size);
    return strtoull(session, NULL, 10);
}

enum mr_fence mr_fence_of(rd_kafka_t *handle, uint64_t lost)
{
    if (rd_kafka_fatal_error(handle, NULL, 0) != RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
        return MR_FENCE_NONE;
    bool own = lost != 0 && mr_clock_ms() - lost < session_of(handle) + ANSWER_MS;
    return own ? MR_FENCE_OWN : MR_FENCE_OTHER;
}
