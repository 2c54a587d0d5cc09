"""More inputs of kinds that other tests have one of. They share routers; what CI has no time for is run by hand."""

import os

import pytest

beyond_ci = pytest.mark.skipif(os.environ.get("MR_E2E_VARIANTS") != "all", reason="set MR_E2E_VARIANTS=all")

# Does what its message says.
OBEYS = """
local router = require "moonroute"

local function publish(message, context)
    local function send(each)
        local options = each.options or {}
        options.key = options.key or each.keyed and tostring(context.offset) or nil
        router.publish(each.to, each.value or message.n, options)
    end
    for _, each in ipairs(message.publish or {}) do
        if each.protected then pcall(send, each) else send(each) end
    end
end

function handleMessage(_topic, message, _headers, context)
    if message.raise and context.attempt == 1 then router.retry(message.raise, "not yet") end
    publish(message, context)
    if message.ask then router.request(message.ask, { n = message.n, pad = message.pad }, { timeout = message.timeout or 3000 }) end
    if message.sleep then router.sleep(message.sleep) end
    if message.reject then router.reject("as told") end
    return message.answer or message.n
end
"""
