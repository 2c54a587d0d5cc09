local record = require "moonroute.record"
local null = require("moonroute").null

local ALL = {
  key = true, headers = true, partition = true, timestamp = true, timeout = true, reply_to = true,
}

describe("a record", function()
  it("has its value as JSON", function()
    assert.same({ topic = "x", value = '{"a":1}' }, record.make(ALL, "x", { a = 1 }))
  end)

  it("has no value where that is null", function()
    assert.same({ topic = "x" }, record.make(ALL, "x", null))
  end)

  it("takes the key it is given before the default", function()
    assert.equal("d", record.make(ALL, "x", 1, nil, "d").key)
    assert.equal("k", record.make(ALL, "x", 1, { key = "k" }, "d").key)
    assert.is_nil(record.make(ALL, "x", 1, { key = null }, "d").key)
    assert.equal("9223372036854775807", record.make(ALL, "x", 1, { key = 9223372036854775807LL }).key)
  end)

  it("takes every option in the form that C wants", function()
    assert.same({
      topic = "x", value = "1", key = "5", headers = { "a", "b" }, partition = 0, timestamp = 9,
      timeout = 1, reply_to = "y",
    }, record.make(ALL, "x", 1, {
      key = 5, headers = { a = "b" }, partition = 0, timestamp = 9, timeout = -3, reply_to = "y",
    }))
  end)

  it("says what is wrong", function()
    local function err(...)
      local made, why = record.make(...)
      assert.is_nil(made)
      return why
    end
    assert.equal("topic: 'a/b' is not a name that a Kafka topic can have", err(ALL, "a/b", 1))
    assert.equal("unknown option 'key'", err({}, "x", 1, { key = "k" }))
    assert.equal('partition: expected a whole number, 0 or more, got "1"',
      err(ALL, "x", 1, { partition = "1" }))
    assert.matches("^value: ", err(ALL, "x", print))
  end)
end)

describe("a record's default key", function()
  it("is the value's id, else its messageId", function()
    assert.equal("a", record.key_of { id = "a", messageId = "b" })
    assert.equal("12345678901234", record.key_of { messageId = 12345678901234 })
    assert.equal("0.30000000000000004", record.key_of { id = 0.1 + 0.2 })
    assert.equal("123456789012.125", record.make(ALL, "x", 1, { key = 123456789012.125 }).key)
    assert.equal("-1234567890123456789", record.key_of { id = -1234567890123456789LL })
  end)

  it("is none where the value has neither", function()
    assert.is_nil(record.key_of {})
    assert.is_nil(record.key_of "id")
    assert.is_nil(record.key_of { id = true })
  end)
end)
