--- The lua-cjson instance that reads messages, as strict as it can be set.

local cjson = require("cjson").new()

local DEPTH_MAX = 512

cjson.decode_max_depth(DEPTH_MAX)
cjson.decode_invalid_numbers(false)

return cjson
