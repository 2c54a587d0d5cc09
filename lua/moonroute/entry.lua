--- What a task's coroutine starts with: makes the context and goes on as the handler. The list of headers is made when a
-- script first asks for it; few do.

local host = require "moonroute.host"

-- The contexts of running handlers by the slot of their task; C empties the slot when the task ends.
local contexts = host.contexts

local function slot_of(context)
  for slot, other in pairs(contexts) do
    if rawequal(other, context) then
      return slot
    end
  end
  return nil
end

local function fill(context)
  local slot = slot_of(context)
  if slot then
    rawset(context, "headers", host.headers(slot))
  end
  return rawget(context, "headers")
end

local lazy = {
  __metatable = false,
  __index = function(context, key)
    if key ~= "headers" then
      return nil
    end
    return fill(context) or error("context.headers: its message is done; read them while it is handled", 2)
  end,
  __pairs = function(context)
    if rawget(context, "headers") == nil then
      fill(context)
    end
    return next, context
  end,
}

local function enter(slot, handle, topic, message, headers, partition, offset, key, timestamp, attempt,
                     raw, correlation_id, reply_to, deadline)
  local context = setmetatable({
    partition = partition,
    offset = offset,
    key = key,
    timestamp = timestamp,
    attempt = attempt,
    raw = raw,
    correlation_id = correlation_id,
    reply_to = reply_to,
    deadline = deadline,
  }, lazy)
  contexts[slot] = context
  return handle(topic, message, headers, context)
end

return { enter = enter }
