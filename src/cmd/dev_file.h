/* The note that `moonroute dev` leaves while it runs, so that request and publish find its broker
 * by themselves. */
#ifndef MR_CMD_DEV_FILE_H
#define MR_CMD_DEV_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* Leaves a note with the address of this process's broker. Returns 0 or -errno. */
int mr_dev_file_write(const char *brokers);
/* Removes the note, unless a later `moonroute dev` has left its own. */
void mr_dev_file_remove(void);
/* Returns true with the address if a `moonroute dev` of this user runs. */
bool mr_dev_file_read(char *brokers, size_t size);

#endif
