#include "lua/unparsable.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* A token is a name, a number, a string or one character. Comments and spaces are skipped, and
 * faulty text is read to its end: LuaJIT reports what is wrong with it. */
enum kind { TOKEN_END, TOKEN_WORD, TOKEN_CONSTANT, TOKEN_SIGN };

struct lexer {
    const char *at, *end;
    int line;
    const char *token; /* begins here and ends at `at` */
    enum kind kind;
};

static bool is_at(const struct lexer *lexer, char wanted)
{
    return lexer->at < lexer->end && *lexer->at == wanted;
}

static void step(struct lexer *lexer)
{
    lexer->line += *lexer->at == '\n';
    lexer->at++;
}

/* Returns the level of the long bracket that begins here, -1 if none does. */
static int bracket_level(const struct lexer *lexer)
{
    const char *at = lexer->at + 1;
    while (at < lexer->end && *at == '=')
        at++;
    bool is_long = is_at(lexer, '[') && at < lexer->end && *at == '[';
    return is_long ? (int)(at - lexer->at) - 1 : -1;
}

static bool closes(const struct lexer *lexer, int level)
{
    const char *at = lexer->at;
    if (lexer->end - at < level + 2 || at[0] != ']' || at[level + 1] != ']')
        return false;
    return (int)strspn(at + 1, "=") >= level;
}

static void skip_long(struct lexer *lexer, int level)
{
    while (lexer->at < lexer->end && !closes(lexer, level))
        step(lexer);
    lexer->at = lexer->at < lexer->end ? lexer->at + level + 2 : lexer->end;
}

static void skip_comment(struct lexer *lexer)
{
    lexer->at += 2;
    int level = bracket_level(lexer);
    if (level >= 0)
        skip_long(lexer, level);
    while (level < 0 && lexer->at < lexer->end && *lexer->at != '\n')
        lexer->at++;
}

static void skip_blank(struct lexer *lexer)
{
    for (;;) {
        bool is_comment = is_at(lexer, '-') && lexer->end - lexer->at > 1 && lexer->at[1] == '-';
        if (is_comment)
            skip_comment(lexer);
        else if (lexer->at < lexer->end && isspace((unsigned char)*lexer->at))
            step(lexer);
        else
            return;
    }
}

static void skip_string(struct lexer *lexer)
{
    char quote = *lexer->at++;
    while (lexer->at < lexer->end && *lexer->at != quote) {
        if (*lexer->at == '\\' && lexer->end - lexer->at > 1)
            step(lexer);
        step(lexer);
    }
    lexer->at += lexer->at < lexer->end;
}

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Reads a name, or a number: also its point, and the sign of its exponent is no matter. */
static void skip_word(struct lexer *lexer, bool is_number)
{
    while (lexer->at < lexer->end && (is_of_word(*lexer->at) || (is_number && is_at(lexer, '.'))))
        lexer->at++;
}

static void next(struct lexer *lexer)
{
    skip_blank(lexer);
    lexer->token = lexer->at;
    lexer->kind = TOKEN_END;
    if (lexer->at == lexer->end)
        return;
    bool is_number = isdigit((unsigned char)*lexer->at) != 0;
    bool is_string = *lexer->at == '"' || *lexer->at == '\'';
    int level = bracket_level(lexer);
    lexer->kind = is_number || is_string || level >= 0 ? TOKEN_CONSTANT
                  : is_of_word(*lexer->at)             ? TOKEN_WORD
                                                       : TOKEN_SIGN;
    if (level >= 0)
        skip_long(lexer, level);
    else if (is_string)
        skip_string(lexer);
    else if (lexer->kind == TOKEN_SIGN)
        step(lexer);
    else
        skip_word(lexer, is_number);
}

static bool is(const struct lexer *lexer, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(lexer->at - lexer->token) == length && memcmp(lexer->token, word, length) == 0;
}

static bool is_constant(const struct lexer *lexer)
{
    return lexer->kind == TOKEN_CONSTANT || is(lexer, "nil") || is(lexer, "true") ||
           is(lexer, "false");
}

static bool stands_before_constant(const struct lexer *lexer)
{
    return is(lexer, "(") || is(lexer, "-") || is(lexer, "not");
}

/* Reads on behind `in`. Leaves `do` to be read, because the list may end at another loop's. */
static bool begins_with_nil(struct lexer *lexer)
{
    do
        next(lexer);
    while (stands_before_constant(lexer));
    bool found = false;
    if (is_constant(lexer))
        for (; lexer->kind != TOKEN_END && !is(lexer, "do"); next(lexer))
            found = found || is(lexer, "nil");
    return found;
}

int mr_unparsable_line(const char *text, size_t length)
{
    struct lexer lexer = {.at = text, .end = text + length, .line = 1};
    for (next(&lexer); lexer.kind != TOKEN_END; next(&lexer)) {
        int line = lexer.line;
        while (is(&lexer, "in"))
            if (begins_with_nil(&lexer))
                return line;
    }
    return 0;
}
