--- Enters a handler: makes its context and calls it, as the first function of a task's coroutine.
-- The context is filled when the handler first looks into it; few handlers do. Its list of headers
-- is made when the handler first reads the list; fewer handlers do.

local host = require "moonroute.host"

-- The contexts of running handlers by the slot of their task; C empties the slot when the task
-- ends.
local contexts = host.contexts

local function slot_of(context)
  local running = host.slot()
  if running and rawequal(contexts[running], context) then
    return running
  end
  for slot, other in pairs(contexts) do
    if rawequal(other, context) then
      return slot
    end
  end
  return nil
end

local function needs_slot(context, key)
  local slot = slot_of(context)
  if not slot then
    error(("context.%s: its message is done; read this field while the handler runs"):format(tostring(key)), 3)
  end
  return slot
end

-- The metatable of a context that is filled, except for its headers.
local filled = { __metatable = false }

function filled.__index(context, key)
  if key ~= "headers" then
    return nil
  end
  local headers = host.headers(needs_slot(context, key))
  rawset(context, key, headers)
  return headers
end

function filled.__pairs(context)
  local slot = rawget(context, "headers") == nil and slot_of(context)
  if slot then
    rawset(context, "headers", host.headers(slot))
  end
  return next, context
end

local empty = { __metatable = false }

local function fill(context, slot)
  debug.setmetatable(context, filled)
  host.fill(slot, context)
end

function empty.__index(context, key)
  fill(context, needs_slot(context, key))
  return context[key]
end

function empty.__newindex(context, key, value)
  fill(context, needs_slot(context, key))
  rawset(context, key, value)
end

function empty.__pairs(context)
  fill(context, needs_slot(context, "*"))
  return filled.__pairs(context)
end

local function enter(slot, handle, topic, message, headers)
  local context = setmetatable({}, empty)
  contexts[slot] = context
  return handle(topic, message, headers, context)
end

return { enter = enter }
