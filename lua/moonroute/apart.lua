--- Runs code of scripts without a message: a script or a module as it loads, onLoad, onUnload. The
-- code runs in a coroutine of its own. So a yield is noticed, and never reaches the code that
-- required the module.

local fault = require "moonroute.fault"
local host = require "moonroute.host"

local create, resume, status = coroutine.create, coroutine.resume, coroutine.status
local traceback = debug.traceback

local apart = {}

-- The name of the code that runs apart, and the number of its run of Lua. Such code never waits. So
-- if the number is that of an earlier run, which was ended by force, nothing runs apart now.
local current, current_run

--- Returns the name of the code that runs apart now ("scripts/echo.lua"); nil if there is none.
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

--- Runs a function apart.
-- @return true and the first value that `run` returned; or false, a message and a traceback
function apart.run(name, run, ...)
  local outer, co = apart.name(), create(run)
  -- If the stack is almost full, this may raise right here: the name must not stay even then.
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
