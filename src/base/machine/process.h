/* Descriptors and signals that a process inherits from its parent and should not rely on. */
#ifndef MR_BASE_MACHINE_PROCESS_H
#define MR_BASE_MACHINE_PROCESS_H

/* Must come first in main. Opens a file for each closed standard descriptor, so that no other
 * descriptor gets its number; reading and writing the file fail. Blocks the signals that a router
 * obeys (SIGTERM, SIGINT, SIGHUP, SIGUSR1) until mr_process_listen. Unblocks all others, whatever
 * the parent blocked. */
void mr_process_begin(void);
/* Unblocks the signals that mr_process_begin blocked. Those that came meanwhile are delivered
 * now. */
void mr_process_listen(void);
/* Ignores a signal in this process only. Programs that the process starts get the signal's default
 * action; they would inherit SIG_IGN. */
void mr_process_ignore(int signal);

#endif
