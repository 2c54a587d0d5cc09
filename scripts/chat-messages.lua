-- The chat's gateway sends { messageId, chatId, senderId, content, timestamp } to `chat-messages`. A sound message goes on to
-- `chat-deliveries`, keyed by its chat, so that a chat stays in order; the gateway is told when it was accepted. One
-- that lacks something is refused with an error 400.

local router = require "moonroute"

local FIELDS = {
  { name = "messageId", type = "string" },
  { name = "chatId", type = "string" },
  { name = "senderId", type = "string" },
  { name = "content", type = "string" },
  { name = "timestamp", type = "number" },
}

local function validate(message)
  if type(message) ~= "table" then
    router.fail(400, "expected an object", "ValidationError")
  end
  for _, field in ipairs(FIELDS) do
    if type(message[field.name]) ~= field.type then
      router.fail(400, ("%s: expected a %s"):format(field.name, field.type), "ValidationError")
    end
  end
end

function handleMessage(topic, message, headers, context)
  validate(message)
  router.publish("chat-deliveries", message, { key = message.chatId })
  return { messageId = message.messageId, acceptedAt = router.now() }
end
