--- Runs code of scripts apart from any message: a script or a module as it loads, onLoad, onUnload.
-- It runs in a coroutine of its own, so that a yield is noticed and never reaches whoever required
-- the module.

local fault = require "moonroute.fault"

local create, resume, status = coroutine.create, coroutine.resume, coroutine.status
local traceback = debug.traceback

local apart = {
  --- What runs apart right now ("scripts/echo.lua"); nil while nothing does.
  name = nil,
}

local function describe(value)
  local _, message = fault.classify(value)
  return message
end

--- @return true and the first value that `run` returned; or false, a message and a traceback
function apart.run(name, run, ...)
  local outer = apart.name
  apart.name = name
  local co = create(run)
  local ok, value = resume(co, ...)
  apart.name = outer
  if not ok then
    local message = describe(value)
    return false, message, traceback(co, message)
  elseif status(co) ~= "dead" then
    return false, name .. ": cannot yield here", ""
  end
  return true, value
end

return apart
