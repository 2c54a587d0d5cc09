/* The name of this machine, or of the container that it runs in. */
#ifndef MR_BASE_MACHINE_HOST_H
#define MR_BASE_MACHINE_HOST_H

enum { MR_HOST_SIZE = 201 };

/* Copies the name. Replaces by "-" each character that a topic's name may not have (Kafka's rule
 * for many names). */
void mr_host_name(char name[MR_HOST_SIZE]);

#endif
