/* Writes the router's present state, per worker and per topic. */
#ifndef MR_MASTER_STATUS_H
#define MR_MASTER_STATUS_H

#include "base/buf.h"
#include "master/view.h"

void mr_status_json(const struct mr_view *view, struct mr_buf *out);
void mr_status_text(const struct mr_view *view, struct mr_buf *out); /* a table for a terminal */

#endif
