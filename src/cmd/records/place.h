/* Reads the places of --from and --until, and times. */
#ifndef MR_CMD_RECORDS_PLACE_H
#define MR_CMD_RECORDS_PLACE_H

#include <stdbool.h>
#include <stdint.h>

#include "kafka/consumer/scan.h"

#define MR_TIME_FORM "2026-11-30T22:19:33Z or -15m (units: s, m, h, d)"

/* Reads a time into ms since 1970. It may be a date (2026-11-30), or a date and a clock
 * (2026-11-30T22:19) as in ISO 8601. Seconds (:33), their fraction (.250) and a zone (Z or +01:00;
 * UTC if it is missing) may follow. It may also be a span before `now` (ms): -90s, -15m, -2h, -7d.
 * Returns false for any other text. */
bool mr_time_parse(const char *text, int64_t now, int64_t *time);
/* Reads `beginning`, `end`, an offset, -COUNT or a time. Returns false for any other text. */
bool mr_place_parse(const char *text, int64_t now, struct mr_place *place);

#endif
