/* Prints the metrics for Prometheus (text format 0.0.4), from the table in base/metrics.h. */
#ifndef MR_MASTER_EXPOSITION_H
#define MR_MASTER_EXPOSITION_H

#include "base/buf.h"
#include "master/view.h"

#define MR_EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8"

void mr_exposition(const struct mr_view *view, struct mr_buf *out);

#endif
