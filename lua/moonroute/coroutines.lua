--- The coroutine library of scripts. A handler runs in a coroutine of the runtime, which scripts
-- never get hold of: to them it is the main program. Functions that yield to the worker
-- (router.request, router.sleep) yield through the coroutines of a script, from the innermost
-- outward. A signal that scripts cannot make marks these yields.

local host = require "moonroute.host"
local tops = require("moonroute.strands").tops

local signal, at_top, deep = host.signal, host.at_top, host.deep
-- Taken now, because sandbox.trust replaces these functions by those of this file.
local raw_resume, raw_yield, raw_create = coroutine.resume, coroutine.yield, coroutine.create
local raw_running = coroutine.running

local coroutines = {}

-- Coroutines of scripts that wait for the worker; scripts cannot resume them.
local waiting = setmetatable({}, { __mode = "k" })

local pass

local function pass_on(co, ...)
  waiting[co] = nil
  return pass(co, raw_resume(co, ...))
end

function pass(co, ok, first, ...)
  if ok and first == signal then
    waiting[co] = true
    return pass_on(co, raw_yield(first, ...))
  end
  return ok, first, ...
end

local function resume(co, ...)
  if waiting[co] then
    return false, "cannot resume a coroutine that waits for the router"
  elseif deep() then
    return false, "C stack overflow"
  end
  return pass(co, raw_resume(co, ...))
end

local function returned(ok, ...)
  if not ok then
    error((...), 0)
  end
  return ...
end

local function wrap(run)
  local co = raw_create(run)
  return function(...)
    return returned(resume(co, ...))
  end
end

-- Returns true if the caller runs in no coroutine that a script made.
local function at_main()
  return at_top() or tops[raw_running()]
end

local function yield(...)
  if at_main() then
    error("attempt to yield outside a coroutine: use router.sleep or router.request", 2)
  end
  return raw_yield(...)
end

local function running()
  if at_main() then
    return nil
  end
  return raw_running()
end

coroutines.library = {
  create = raw_create,
  resume = resume,
  running = running,
  status = coroutine.status,
  wrap = wrap,
  yield = yield,
}

return coroutines
