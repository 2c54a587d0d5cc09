#include "base/note.h"

#include <string.h>

enum { TRIES = 100 };

void mr_note_write(struct mr_note *note, const char *text)
{
    uint64_t words[MR_NOTE_WORDS] = {0};
    size_t length = strlen(text);
    memcpy(words, text, length < MR_NOTE_SIZE ? length : MR_NOTE_SIZE - 1);
    uint64_t version = atomic_load_explicit(&note->version, memory_order_relaxed) | 1;
    atomic_store_explicit(&note->version, version, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    for (size_t i = 0; i < MR_NOTE_WORDS; i++)
        atomic_store_explicit(&note->words[i], words[i], memory_order_relaxed);
    atomic_store_explicit(&note->version, version + 1, memory_order_release);
}

void mr_note_read(const struct mr_note *note, char text[MR_NOTE_SIZE])
{
    uint64_t words[MR_NOTE_WORDS];
    for (int i = 0; i < TRIES; i++) {
        uint64_t before = atomic_load_explicit(&note->version, memory_order_acquire);
        for (size_t word = 0; word < MR_NOTE_WORDS; word++)
            words[word] = atomic_load_explicit(&note->words[word], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        uint64_t after = atomic_load_explicit(&note->version, memory_order_relaxed);
        if (before == after && before % 2 == 0) {
            memcpy(text, words, MR_NOTE_SIZE);
            text[MR_NOTE_SIZE - 1] = '\0';
            return;
        }
    }
    text[0] = '\0';
}
