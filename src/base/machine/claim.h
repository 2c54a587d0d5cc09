/* Claims the lowest free number under a name, for as long as this process lives. No other process
 * of this machine has the same number meanwhile. If a process dies, the next one that claims gets
 * its number. */
#ifndef MR_BASE_MACHINE_CLAIM_H
#define MR_BASE_MACHINE_CLAIM_H

/* {0} has claimed nothing. */
struct mr_claim {
    int fd;
    unsigned number;
};

void mr_claim_lowest(struct mr_claim *claim, const char *name);
/* Claims the lowest free number that is at least `first`. */
void mr_claim_from(struct mr_claim *claim, const char *name, unsigned first);
void mr_claim_release(struct mr_claim *claim); /* does nothing if nothing is claimed */

#endif
