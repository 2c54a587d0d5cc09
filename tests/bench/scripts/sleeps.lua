-- What tools/bench ordering measures: each message says how long it takes.
local router = require "moonroute"

function handleMessage(_topic, message)
    router.sleep(message.sleep)
    return router.null
end
