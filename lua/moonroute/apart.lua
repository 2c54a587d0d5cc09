--- Runs code of scripts apart from any message: a script or a module as it loads, onLoad, onUnload.
-- It runs in a coroutine of its own, so that a yield is noticed and never reaches whoever required
-- the module.

local fault = require "moonroute.fault"
local host = require "moonroute.host"

local create, resume, status = coroutine.create, coroutine.resume, coroutine.status
local traceback = debug.traceback

local apart = {}

-- What runs apart, and in which run of Lua: nothing waits in there, so that what is left of an
-- earlier run (which was ended by force) is no more.
local current, current_run

--- What runs apart right now ("scripts/echo.lua"); nil while nothing does.
function apart.name()
  if current and current_run == host.run() then
    return current
  end
  return nil
end

local function go(name, co, ...)
  current, current_run = name, host.run()
  return resume(co, ...)
end

local function describe(value)
  local _, message = fault.classify(value)
  return message
end

--- @return true and the first value that `run` returned; or false, a message and a traceback
function apart.run(name, run, ...)
  local outer, co = apart.name(), create(run)
  -- The stack may be so full that it ends right here: the name must not stay.
  local went, ok, value = pcall(go, name, co, ...)
  current = outer
  if not went then
    return false, name .. ": " .. tostring(ok), ""
  elseif not ok then
    local message = describe(value)
    return false, message, traceback(co, message)
  elseif status(co) ~= "dead" then
    return false, name .. ": cannot yield here", ""
  end
  return true, value
end

return apart
