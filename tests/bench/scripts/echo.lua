-- What tools/bench rpc runs: answers with what it was asked.
function handleMessage(_topic, message)
    return message
end
