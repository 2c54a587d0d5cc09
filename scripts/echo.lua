-- Answers every request on `echo` with what was sent.

function handleMessage(topic, message, headers, context)
  return message
end
