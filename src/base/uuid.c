#include "base/uuid.h"

#include <uuid/uuid.h>

void mr_uuid_text(char text[MR_UUID_SIZE])
{
    uuid_t id;
    uuid_generate_random(id);
    uuid_unparse_lower(id, text);
}
