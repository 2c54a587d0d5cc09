/* The purpose of a record for the message that it belongs to, and the outcome of its delivery. */
#ifndef MR_WORKER_JOB_REPORT_H
#define MR_WORKER_JOB_REPORT_H

#include <stdint.h>

#include "kafka/producer.h"

enum mr_purpose {
    MR_FOR_PUBLISH,
    MR_FOR_REQUEST, /* sent by the handler */
    MR_FOR_REPLY,
    MR_FOR_ASIDE, /* takes the message itself to another topic */
};

struct mr_report {
    enum mr_purpose purpose;
    uint32_t wait; /* of a request: the number of the handler's wait for the answer */
    const char *topic;
    enum mr_sent how;
    const char *error; /* NULL: the record is acknowledged; else it never will be */
};

#endif
