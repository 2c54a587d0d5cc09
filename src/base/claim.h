/* A number that no other process of this machine has under a name, for as long as this process
 * lives: the lowest that is free. Who comes after a process that died gets its number. */
#ifndef MR_BASE_CLAIM_H
#define MR_BASE_CLAIM_H

/* {0} has claimed nothing. */
struct mr_claim {
    int fd;
    unsigned number;
};

void mr_claim_lowest(struct mr_claim *claim, const char *name);
/* The lowest from `first` on. */
void mr_claim_from(struct mr_claim *claim, const char *name, unsigned first);
void mr_claim_release(struct mr_claim *claim); /* fine where nothing is claimed */

#endif
