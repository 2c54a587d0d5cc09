/* Buffers that JSON is written into: shared, borrowed for a reply, or Lua's own. */
#ifndef MR_LUA_JSON_BUFFERS_H
#define MR_LUA_JSON_BUFFERS_H

#include "lua/json/json.h"

/* Once a state. */
void mr_json_open_bufs(lua_State *L, struct mr_json *json);
/* Empties the buffer; frees what one huge value took. */
void mr_json_make_ready(struct mr_buf *buf);
/* A buffer to encode into, and back; one that grew huge is freed. */
struct mr_buf mr_json_take_buf(struct mr_json *json);
void mr_json_give_buf(struct mr_json *json, struct mr_buf *buf);
/* Pushes an empty buffer that Lua collects; it is good as long as it stays on the stack. */
struct mr_buf *mr_json_push_buf(lua_State *L, const struct mr_json *json);

#endif
