/* Ctrl-C and SIGTERM, for commands that end in good order. */
#ifndef MR_CMD_RECORDS_INTERRUPT_H
#define MR_CMD_RECORDS_INTERRUPT_H

#include <stdbool.h>

/* Takes note of SIGINT and SIGTERM from now on, instead of dying of them. A second one ends the
 * process. */
void mr_interrupt_watch(void);
bool mr_interrupted(void);

#endif
