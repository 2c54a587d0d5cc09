-- Passes every request on `relay` to the service behind `echo`, waits for its answer and returns
-- it. If the other service fails or does not answer, that error is our answer, without any code for
-- it.

local router = require "moonroute"

function handleMessage(topic, message, headers, context)
  local answer = router.request("echo", message, { timeout = 5000 })
  return { relayed = answer, by = topic }
end
