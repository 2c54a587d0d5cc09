-- Passes every request on `relay` to the service behind `echo`, waits for its answer and hands that
-- back. An error of the other service, or its silence, becomes the answer to ours by itself.

local router = require "moonroute"

function handleMessage(topic, message, headers, context)
  local answer = router.request("echo", message, { timeout = 5000 })
  return { relayed = answer, by = topic }
end
