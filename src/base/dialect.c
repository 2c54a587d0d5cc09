#include "base/dialect.h"

#define ROW(id, text, ...) [MR_DIALECT_##id] = {.name = text, __VA_ARGS__},
const struct mr_dialect_row mr_dialect_rows[MR_DIALECTS] = {[MR_DIALECT_AUTO] = {.name = ""},
                                                            MR_DIALECT_ROWS(ROW, ROW)};
#undef ROW

enum mr_dialect mr_dialect_of(const char *name)
{
    for (size_t i = MR_DIALECT_AUTO + 1; i < MR_DIALECTS; i++)
        if (strcmp(mr_dialect_rows[i].name, name) == 0)
            return (enum mr_dialect)i;
    return MR_DIALECT_AUTO;
}
