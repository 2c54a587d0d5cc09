#include "worker/failure/forward_record.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/panic.h"

void mr_forward_record_begin(struct mr_forward_record *letter, struct mr_bytes key,
                             struct mr_bytes value, const struct mr_pair *headers, size_t count)
{
    letter->own = 0;
    letter->topic[0] = '\0';
    letter->headers = mr_alloc((count + MR_LETTER_OWN) * sizeof(letter->headers[0]));
    if (count > 0)
        memcpy(letter->headers, headers, count * sizeof(headers[0]));
    letter->record = (struct mr_outgoing){.topic = letter->topic,
                                          .partition = MR_PARTITION_ANY,
                                          .key = key,
                                          .value = value,
                                          .headers = letter->headers,
                                          .header_count = count};
}

/* Returns room for the value of one of our headers. */
static char *next_text(struct mr_forward_record *letter)
{
    MR_ASSERT(letter->own < MR_LETTER_OWN);
    return letter->texts[letter->own];
}

void mr_forward_record_text(struct mr_forward_record *letter, const char *name,
                            struct mr_bytes value)
{
    next_text(letter);
    letter->own++;
    letter->headers[letter->record.header_count++] = (struct mr_pair){mr_bytes_of(name), value};
}

void mr_forward_record_number(struct mr_forward_record *letter, const char *name, int64_t value)
{
    char *text = next_text(letter);
    size_t length = mr_decimal(text, value);
    mr_forward_record_text(letter, name, (struct mr_bytes){text, length});
}

void mr_forward_record_binary(struct mr_forward_record *letter, const char *name, int64_t value,
                              size_t size)
{
    char *text = next_text(letter);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)((uint64_t)value >> (8 * (size - 1 - i)));
    mr_forward_record_text(letter, name, (struct mr_bytes){text, size});
}

void mr_forward_record_free(struct mr_forward_record *letter)
{
    free(letter->headers);
}
