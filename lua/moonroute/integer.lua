--- Numbers as text, and integers that no double holds: LuaJIT's int64_t and uint64_t values.

local integer = {}

--- Returns an int64_t from its halves: the upper 32 bits, signed, and the lower 32.
function integer.make(high, low)
  return high * 4294967296LL + low
end

--- Returns the digits of an int64_t or a uint64_t; nil for any other value.
function integer.digits(value)
  return type(value) == "cdata" and tostring(value):match("^(%-?%d+)U?LL$") or nil
end

--- Returns all digits of a whole number, or as many as it takes to read back the same number.
function integer.text(value)
  if value % 1 == 0 and math.abs(value) < 2 ^ 63 then
    return ("%.0f"):format(value)
  end
  for digits = 14, 16 do
    local text = ("%." .. digits .. "g"):format(value)
    if tonumber(text) == value then
      return text
    end
  end
  return ("%.17g"):format(value)
end

return integer
