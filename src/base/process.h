/* What a process has from its parent and should not rely on: descriptors and signals. */
#ifndef MR_BASE_PROCESS_H
#define MR_BASE_PROCESS_H

/* Comes first of all in main. Gives closed standard descriptors a file, so that no other descriptor
 * gets their numbers; reading and writing it fails as if they were closed. Holds back the signals
 * that a router obeys (SIGTERM, SIGINT, SIGHUP, SIGUSR1) until mr_process_listen; lets all others
 * in, whatever the parent had blocked. */
void mr_process_begin(void);
/* Lets the signals in that mr_process_begin holds back: those that came meanwhile come now. */
void mr_process_listen(void);
/* Ignores a signal in this process alone. A program that the process starts finds the signal as it
 * is by default, which SIG_IGN would not do. */
void mr_process_ignore(int signal);

#endif
