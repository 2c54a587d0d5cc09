-- What tools/bench fairness runs: answers with what it was asked, after as much of the CPU's time as the message says.
function handleMessage(_topic, message)
    if message.spin then
        local ends = os.clock() + message.spin / 1000
        while os.clock() < ends do end
    end
    return message
end
