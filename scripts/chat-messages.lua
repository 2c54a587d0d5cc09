-- The chat's gateway sends { messageId, chatId, senderId, content, timestamp } to `chat-messages`.
-- All are strings; the timestamp (ISO 8601) may be milliseconds, too. A valid message goes on to
-- `chat-deliveries`, keyed by its chat, so that a chat stays in order. The gateway gets a reply
-- that it was accepted. If a field is missing or invalid, the message is refused with an error 400.

local router = require "moonroute"

local FIELDS = { "messageId", "chatId", "senderId", "content", "timestamp" }

local function is_sound(name, value)
  return type(value) == "string" or (name == "timestamp" and type(value) == "number")
end

local function validate(message)
  if type(message) ~= "table" then
    router.fail(400, "Expected an object", "ValidationError")
  end
  for _, name in ipairs(FIELDS) do
    if not is_sound(name, message[name]) then
      router.fail(400, "Missing or invalid field: " .. name, "ValidationError")
    end
  end
end

function handleMessage(topic, message, headers, context)
  validate(message)
  router.publish("chat-deliveries", message, { key = message.chatId })
  return { messageId = message.messageId, acceptedAt = router.now() }
end
