--- Makes the headers that scripts give into the flat list that C reads:
-- { name, value, name, value, ... }.

local integer = require "moonroute.integer"
local null = require("moonroute.json").null

local headers = {}

local as_text = {
  string = function(value) return value end,
  number = integer.text,
  boolean = tostring,
  cdata = function(value) return integer.digits(value) or tostring(value) end,
}

local function add(flat, name, value)
  if type(name) ~= "string" then
    return "a name must be a string, got a " .. type(name)
  elseif name:find("\0", 1, true) then
    return ("a name cannot have a zero byte: %q"):format(name)
  end
  -- C reads false as Kafka's null.
  local text = value ~= null and as_text[type(value)]
  if text == nil then
    return ("%s: expected a string, number or boolean, got a %s"):format(name, type(value))
  end
  flat[#flat + 1] = name
  flat[#flat + 1] = text and text(value)
  return nil
end

-- Returns false for a list with a hole in it, and for one with names beside its items.
local function is_list(given)
  local count = 0
  for _ in pairs(given) do
    count = count + 1
  end
  return count == #given
end

local function add_list(flat, list)
  if not is_list(list) then
    return "expected names, or a list of { name, value }, got a mixture or a list with holes"
  end
  for position, pair in ipairs(list) do
    if type(pair) ~= "table" then
      return ("item %d: expected { name, value }, got a %s"):format(position, type(pair))
    end
    local err = add(flat, pair[1], pair[2])
    if err then
      return err
    end
  end
  return nil
end

local function add_table(flat, map)
  for name, value in pairs(map) do
    local err = add(flat, name, value)
    if err then
      return err
    end
  end
  return nil
end

--- Flattens a table of name to value, or an ordered list of { name, value }.
-- @return the flat list, or nil and what is wrong
function headers.flatten(given)
  if type(given) ~= "table" then
    return nil, "headers: expected a table, got a " .. type(given)
  end
  local flat = {}
  local err = (given[1] ~= nil and add_list or add_table)(flat, given)
  if err then
    return nil, "headers: " .. err
  end
  return flat
end

--- Flattens the headers of a reply, whose metamethods may raise anything, also if the stack is full.
-- The pcall keeps that away from the message handler of C's protected call.
--
-- @return the flat list; or nil, what is wrong, and true if a metamethod raised it
function headers.of_reply(given)
  local ok, flat, err = pcall(headers.flatten, given)
  if ok then
    return flat, err, false
  end
  return nil, flat, true
end

return headers
