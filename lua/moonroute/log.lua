--- router.log: a table with one function per level, which can itself be called.

local apart = require "moonroute.apart"
local fault = require "moonroute.fault"
local host = require "moonroute.host"
local integer = require "moonroute.integer"

-- Fields that every line of a script has. If a script's own field has the same name, it gets the
-- prefix "field_".
local taken = {
  time = true, level = true, process = true, event = true, message = true, script = true,
  topic = true, partition = true, offset = true,
}

local NAME_MOST = 256 -- bytes

local function field_name(name)
  local plain = fault.text(name):sub(1, NAME_MOST):gsub("[^%w_.-]", "_")
  return taken[plain] and "field_" .. plain or plain
end

local function field_value(value)
  if type(value) == "number" and value % 1 == 0 and math.abs(value) < 2 ^ 53 then
    return value
  end
  return integer.digits(value) or fault.text(value)
end

-- Returns { name, value, name, value, ... } in the order of the names, so that the same call always
-- gives the same line.
local function flatten(fields)
  local flat, names = {}, {}
  for name in pairs(fields) do
    names[#names + 1] = name
  end
  table.sort(names, function(a, b) return fault.text(a) < fault.text(b) end)
  for _, name in ipairs(names) do
    flat[#flat + 1] = field_name(name)
    flat[#flat + 1] = field_value(fields[name])
  end
  return flat
end

local function write(level, message, fields)
  if fields ~= nil and type(fields) ~= "table" then
    host.mistake(("router.log.%s: fields: expected a table, got a %s"):format(level, type(fields)), 3)
  end
  if host.log_enabled(level) then
    host.log(level, fault.text(message), flatten(fields or {}), apart.name())
  end
end

local log = {}

for _, level in ipairs { "debug", "info", "warn", "error" } do
  log[level] = function(message, fields)
    write(level, message, fields)
  end
end

return setmetatable(log, {
  __call = function(_, message, fields)
    write("info", message, fields)
  end,
  __metatable = false,
})
