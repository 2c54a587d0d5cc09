--- The lua-cjson instance that reads and writes messages, as strict as it can be set.

local cjson = require("cjson").new()

local DEPTH_MAX = 512

cjson.decode_max_depth(DEPTH_MAX)
cjson.encode_max_depth(DEPTH_MAX)
cjson.decode_invalid_numbers(false)
cjson.encode_invalid_numbers(false)
-- Holes are an error: never an object, never filled with null.
cjson.encode_sparse_array(false, 1, 0)
-- Versions differ in how many digits they allow.
for digits = 17, 14, -1 do
  if pcall(cjson.encode_number_precision, digits) then
    break
  end
end

return cjson
