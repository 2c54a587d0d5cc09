/* Writes text into a manual page of mdoc(7). */
#ifndef MR_TESTS_MAN_PAGE_H
#define MR_TESTS_MAN_PAGE_H

#include <string.h>

#include "base/buf.h"

/* The day on which a manual page last changed; set it with each release. */
#define MAN_DATE "November 30, 2026"

/* Appends the text so that it prints as it is. Text between backquotes is bold. `*code` says if
 * the text begins between backquotes, and then if it ends there. */
static inline void append_escaped(struct mr_buf *out, const char *text, size_t length, bool *code)
{
    for (const char *at = text; at < text + length; at++) {
        if (*at == '`')
            mr_buf_string(out, (*code = !*code) ? "\\fB" : "\\fP");
        else if (*at == '\\')
            mr_buf_string(out, "\\e");
        else if (*at == '\'')
            mr_buf_string(out, "\\(aq");
        else if (*at == '^')
            mr_buf_string(out, "\\(ha");
        else if (*at == '-')
            mr_buf_string(out, "\\-");
        else if (*at == '.' && at == text)
            mr_buf_string(out, "\\&.");
        else
            mr_buf_append(out, at, 1);
    }
}

/* Returns true if the word is a path, a key or an address, which no hyphen may break. */
static inline bool is_whole(const char *word, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++)
        if (strchr("/._:=*", word[i]) != NULL)
            return true;
    return false;
}

/* Returns true if the word, which ends before `end`, ends a sentence. */
static inline bool ends_sentence(const char *end)
{
    return end[-1] == '.' && end[0] == ' ' &&
           ((end[1] >= 'A' && end[1] <= 'Z') || end[1] == '`' || end[1] == '{');
}

/* Appends the words of the text in lines that fit. Each sentence begins a line. */
static inline void append_text(struct mr_buf *out, const char *text)
{
    enum { COLUMNS = 78 };
    bool code = false;
    size_t line = out->length;
    for (size_t word; *text != '\0'; text += word + (text[word] == ' ')) {
        struct mr_buf escaped = {0};
        word = strcspn(text, " ");
        mr_buf_string(&escaped, is_whole(text, word) ? "\\%" : "");
        append_escaped(&escaped, text, word, &code);
        if (out->length > line && out->length + 1 + escaped.length > line + COLUMNS) {
            mr_buf_string(out, "\n");
            line = out->length;
        }
        mr_buf_string(out, out->length > line ? " " : "");
        mr_buf_append(out, escaped.data, escaped.length);
        mr_buf_free(&escaped);
        if (ends_sentence(text + word)) {
            mr_buf_string(out, "\n");
            line = out->length;
        }
    }
    mr_buf_string(out, "\n");
}

#endif
