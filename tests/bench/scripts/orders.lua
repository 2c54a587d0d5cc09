-- What both sides of tools/bench run for every message: reads a few fields, calculates, answers with a table.
function handleMessage(_topic, message)
    local payload = message.payload
    return {
        id = message.id,
        symbol = payload.symbol,
        total = payload.price * payload.quantity,
        accepted = payload.side == "buy",
    }
end
