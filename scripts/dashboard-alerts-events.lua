-- The alert engine sends { id, symbol, price, threshold, userId } to `dashboard-alerts-events` when
-- a price crosses a user's threshold. Nobody waits for an answer: each alert becomes a notification
-- on `dashboard-notifications`, keyed by the user, so that one user's notifications stay in order.

local router = require "moonroute"

function handleMessage(topic, message, headers, context)
  local direction = message.price >= message.threshold and "above" or "below"
  router.publish("dashboard-notifications", {
    id = router.uuid(),
    alertId = message.id,
    userId = message.userId,
    text = ("%s is %s %s: %s"):format(message.symbol, direction, message.threshold, message.price),
    createdAt = router.now(),
  }, { key = message.userId })
end
