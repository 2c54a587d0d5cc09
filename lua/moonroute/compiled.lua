--- Replaces what LuaJIT compiles wrongly, and refuses or interprets text that it cannot cope with.
-- docs/LUAJIT.md lists the faults and their versions. Runs before any other Lua of ours.

local compiler = require "moonroute.compiler"

local compiled = {}

local version, uncompiled = compiler.version, compiler.uncompiled

-- The first commits without a fault, as times.
local PARSES_LOOPS = 1720043116 -- f602f015
local CONCATENATES_OBJECTS = 1741552097 -- eee16efa
local CALCULATES_64_BITS = 1785005591 -- e4d80516

local load, type, tonumber, tostring, floor, ceil = load, type, tonumber, tostring, math.floor, math.ceil

local function is_usual(text, first, last)
  return type(text) == "string" and (first == nil or type(first) == "number")
    and (last == nil or type(last) == "number")
end

local function number_of(value)
  return type(value) == "string" and tonumber(value) or value
end

-- Converts arguments as the C function does. Other values stay, for that function's own error. Tail
-- calls keep the name and the line of such an error.
local function converted(text, first, last)
  return type(text) == "number" and tostring(text) or text, number_of(first), number_of(last)
end

local function whole(position)
  return position >= 0 and floor(position) or ceil(position)
end

-- Returns the position of a first byte, from 1 on. NaN is 1.
local function first_of(position, length)
  if position % 1 ~= 0 then
    position = whole(position)
  end
  if position < 0 then
    position = position + length + 1
  end
  return position >= 1 and position or 1
end

-- Returns the position of a last byte, the length at most. NaN is 0.
local function last_of(position, length)
  if position % 1 ~= 0 then
    position = whole(position)
  end
  if position < 0 then
    position = position + length + 1
  elseif position > length then
    position = length
  end
  return position >= 0 and position or 0
end

-- LuaJIT compiles string.sub and string.byte wrongly unless 1 <= first <= last <= length. Its
-- interpreter takes positions of 2^31 and more for the smallest integer.
local function mend_ranges()
  local sub, byte, find = string.sub, string.byte, string.find

  rawset(string, "sub", function(text, first, last)
    if first == nil or not is_usual(text, first, last) then
      text, first, last = converted(text, first, last)
      if first == nil or not is_usual(text, first, last) then
        return sub(text, first, last)
      end
    end
    local length = #text
    last = last or length
    if not (first >= 1 and first <= last and last <= length) then
      first, last = first_of(first, length), last_of(last, length)
      if first > last then
        return ""
      end
    end
    return sub(text, first, last)
  end)

  rawset(string, "byte", function(text, first, last)
    if not is_usual(text, first, last) then
      text, first, last = converted(text, first, last)
      if not is_usual(text, first, last) then
        return byte(text, first, last)
      end
    end
    local length = #text
    first = first or 1
    last = last or first
    if not (first >= 1 and first <= last and last <= length) then
      first, last = first_of(first, length), last_of(last, length)
      if first > last then
        return
      end
    end
    return byte(text, first, last)
  end)

  rawset(string, "find", function(text, pattern, first, plain)
    if first == nil then
      return find(text, pattern, 1, plain)
    elseif not is_usual(text, first) then
      text, first = converted(text, first)
      if not is_usual(text, first) then
        return find(text, pattern, first, plain)
      end
    end
    local length = #text
    first = first_of(first, length)
    return find(text, pattern, first <= length and first or length + 1, plain)
  end)
end

-- Integers of 64 bits are calculated by the interpreter.
local function mend_integers()
  local meta = debug.getmetatable(1LL)
  for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "eq", "lt", "le" } do
    rawset(meta, "__" .. name, uncompiled(rawget(meta, "__" .. name)))
  end
end

local function mend_bits()
  for name, run in pairs(bit) do
    local slow = uncompiled(run)
    rawset(bit, name, function(...)
      local left, right, more = ...
      if type(left) == "cdata" or type(right) == "cdata" or more ~= nil then
        return slow(...)
      end
      return run(...)
    end)
  end
end

-- Returns the beginning of an error in that line, as LuaJIT writes it.
local function place_of(text, name, line)
  local _, message = load(("\n"):rep(line - 1) .. "?", name or text, "t")
  return message:match("^.-:%d+: ")
end

--- Does what load does with a text. If the text would crash the parser, returns nil and an error.
-- From the first text with `__concat` on, nothing is compiled any more. LuaJIT mixes up registers
-- while it records a call of such a metamethod.
function compiled.load(text, name, mode, env)
  local line = version < PARSES_LOOPS and compiler.unparsable(text)
  if line then
    return nil, place_of(text, name, line) .. "a loop over nil, which LuaJIT cannot parse"
  end
  if version < CONCATENATES_OBJECTS and text:find("__concat", 1, true) then
    jit.off()
  end
  return load(text, name, mode, env)
end

mend_ranges()
if jit.status() and version < CALCULATES_64_BITS then
  mend_integers()
  mend_bits()
end

return compiled
