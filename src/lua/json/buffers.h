/* Buffers that JSON is written into: shared, borrowed for a reply, or Lua's own. */
#ifndef MR_LUA_JSON_BUFFERS_H
#define MR_LUA_JSON_BUFFERS_H

#include "lua/json/json.h"

/* Makes the metatable of the buffers that Lua owns; call it once per state. */
void mr_json_open_bufs(lua_State *L, struct mr_json *json);
/* Empties the buffer, and frees its memory if one huge value made it grow. */
void mr_json_make_ready(struct mr_buf *buf);
/* Hands out a buffer to encode into, and takes it back. Frees a buffer that grew huge. */
struct mr_buf mr_json_take_buf(struct mr_json *json);
void mr_json_give_buf(struct mr_json *json, struct mr_buf *buf);
/* Pushes an empty buffer that Lua collects; valid while it is on the stack. */
struct mr_buf *mr_json_push_buf(lua_State *L, const struct mr_json *json);

#endif
