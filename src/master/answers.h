/* Maps the admin listener's paths to answers: a table, without HTTP. */
#ifndef MR_MASTER_ANSWERS_H
#define MR_MASTER_ANSWERS_H

#include <stdbool.h>

#include "base/buf.h"
#include "master/view.h"

struct mr_answer {
    unsigned status;
    const char *type;
    const char *allow;  /* the header Allow; NULL: none */
    struct mr_buf body; /* the caller frees it */
};

struct mr_question {
    const char *method, *path;
    bool as_text; /* the client accepts text/plain: people, and our own commands */
    bool has_body;
};

void mr_answer(const struct mr_question *question, const struct mr_view *view,
               struct mr_answer *answer);

#endif
