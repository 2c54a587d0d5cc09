/* The name of this machine, or of the container that is taken for one. */
#ifndef MR_BASE_HOST_H
#define MR_BASE_HOST_H

enum { MR_HOST_SIZE = 201 };

/* Copies the name. Characters that may not be part of a topic's name, Kafka's rule for many names,
 * are "-". */
void mr_host_name(char name[MR_HOST_SIZE]);

#endif
