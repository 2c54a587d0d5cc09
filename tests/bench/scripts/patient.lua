-- What tools/bench memory measures: answers with what it was asked, after a while where the message says so.
local router = require "moonroute"

function handleMessage(_topic, message)
    if message.sleep then router.sleep(message.sleep) end
    return message
end
