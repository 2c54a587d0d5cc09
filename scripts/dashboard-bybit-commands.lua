-- The dashboard's backend asks on `dashboard-bybit-commands`; a command is { type, payload }.
--   CONNECT      payload.accountType   -> { connected, accountType }
--   GET_BALANCE  payload.accountType   -> { balance, accountType }
-- Any other type is answered with an error 400.

local router = require "moonroute"

local commands = {}

function commands.CONNECT(payload)
  return { connected = true, accountType = payload.accountType }
end

function commands.GET_BALANCE(payload)
  return { balance = 42, accountType = payload.accountType }
end

function handleMessage(topic, message, headers, context)
  local command = commands[message.type]
  if not command then
    router.fail(400, "Unknown command type: " .. tostring(message.type), "ValidationError")
  end
  return command(message.payload or {})
end
