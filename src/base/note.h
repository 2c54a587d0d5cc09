/* A line of text in shared memory: one process writes it, another reads it at any moment and gets
 * one text whole, or none. */
#ifndef MR_BASE_NOTE_H
#define MR_BASE_NOTE_H

#include <stdatomic.h>
#include <stdint.h>

enum { MR_NOTE_WORDS = 48, MR_NOTE_SIZE = MR_NOTE_WORDS * 8 };

/* {0} is an empty text. */
struct mr_note {
    _Atomic uint64_t version; /* odd while it is written */
    _Atomic uint64_t words[MR_NOTE_WORDS];
};

/* Text beyond MR_NOTE_SIZE - 1 bytes is cut. */
void mr_note_write(struct mr_note *note, const char *text);
/* Copies the text, "" when it is being written all the time. */
void mr_note_read(const struct mr_note *note, char text[MR_NOTE_SIZE]);

#endif
