/* What a record is to the message that it belongs to, and what became of it. */
#ifndef MR_WORKER_JOB_REPORT_H
#define MR_WORKER_JOB_REPORT_H

#include <stdint.h>

#include "kafka/producer.h"

enum mr_purpose {
    MR_FOR_PUBLISH,
    MR_FOR_REQUEST, /* of the handler's own */
    MR_FOR_REPLY,
    MR_FOR_ASIDE, /* takes the message itself to another topic */
};

struct mr_report {
    enum mr_purpose purpose;
    uint32_t wait; /* of a request: the number of what its handler waits for */
    const char *topic;
    enum mr_sent how;
    const char *error; /* NULL: it is acknowledged; else it never will be */
};

#endif
