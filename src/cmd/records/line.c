#include "cmd/records/line.h"

#include "base/utf8.h"
#include "cmd/records/base64.h"

static void append_base64(struct mr_buf *line, struct mr_bytes bytes)
{
    mr_buf_string(line, "\"");
    mr_base64(line, bytes);
    mr_buf_string(line, "\"");
}

static void append_bytes(struct mr_buf *line, struct mr_bytes bytes)
{
    if (bytes.data == NULL) {
        mr_buf_string(line, "null");
    } else if (mr_utf8_valid(bytes.data, bytes.length)) {
        mr_buf_json(line, bytes.data, bytes.length);
    } else {
        mr_buf_string(line, "{\"base64\":");
        append_base64(line, bytes);
        mr_buf_string(line, "}");
    }
}

static void append_headers(struct mr_buf *line, const struct mr_pair *headers, size_t count)
{
    mr_buf_string(line, ",\"headers\":[");
    for (size_t i = 0; i < count; i++) {
        mr_buf_string(line, i == 0 ? "[" : ",[");
        append_bytes(line, headers[i].name);
        mr_buf_string(line, ",");
        append_bytes(line, headers[i].value);
        mr_buf_string(line, "]");
    }
    mr_buf_string(line, "]");
}

/* Appends `value` if the bytes are JSON. Otherwise leaves the line as it was. */
static bool append_json(struct mr_buf *line, struct mr_documents *documents, struct mr_bytes value)
{
    size_t before = line->length;
    mr_buf_string(line, ",\"value\":");
    if (mr_documents_line(documents, value, line))
        return true;
    line->length = before;
    return false;
}

static void append_value(struct mr_buf *line, struct mr_documents *documents, struct mr_bytes value)
{
    bool text = mr_utf8_valid(value.data, value.length);
    if (value.data == NULL) {
        mr_buf_string(line, ",\"value\":null,\"tombstone\":true");
    } else if (!text) {
        mr_buf_string(line, ",\"base64\":");
        append_base64(line, value);
    } else if (!append_json(line, documents, value)) {
        mr_buf_string(line, ",\"text\":");
        mr_buf_json(line, value.data, value.length);
    }
}

void mr_record_line(struct mr_buf *line, struct mr_documents *documents,
                    const struct mr_message *message, const struct mr_pair *headers, size_t count)
{
    mr_buf_string(line, "{\"topic\":");
    mr_buf_json(line, message->topic, mr_bytes_of(message->topic).length);
    mr_buf_printf(line, ",\"partition\":%d,\"offset\":%lld,\"timestamp\":", message->partition,
                  (long long)message->offset);
    if (message->timestamp < 0)
        mr_buf_string(line, "null");
    else
        mr_buf_printf(line, "%lld", (long long)message->timestamp);
    mr_buf_string(line, ",\"key\":");
    append_bytes(line, message->key);
    append_headers(line, headers, count);
    append_value(line, documents, message->value);
    mr_buf_string(line, "}");
}
