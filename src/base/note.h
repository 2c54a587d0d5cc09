/* A line of text in shared memory. One process writes it; another may read it at any moment and
 * gets one whole text, or none. */
#ifndef MR_BASE_NOTE_H
#define MR_BASE_NOTE_H

#include <stdatomic.h>
#include <stdint.h>

enum { MR_NOTE_WORDS = 48, MR_NOTE_SIZE = MR_NOTE_WORDS * 8 };

/* {0} is an empty text. */
struct mr_note {
    _Atomic uint64_t version; /* odd while the text is being written */
    _Atomic uint64_t words[MR_NOTE_WORDS];
};

/* Writes the text, cut to MR_NOTE_SIZE - 1 bytes. */
void mr_note_write(struct mr_note *note, const char *text);
/* Copies the text; "" if the writer changed it during every attempt. */
void mr_note_read(const struct mr_note *note, char text[MR_NOTE_SIZE]);

#endif
