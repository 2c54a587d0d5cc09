local fault = require "moonroute.fault"

local function classify(value)
  return { fault.classify(value) }
end

describe("a raised value", function()
  it("with a statusCode is an error reply", function()
    assert.same({ "status", "no", "ValidationError", 400, 0 },
      classify { statusCode = 400, message = "no", error = "ValidationError" })
    assert.same({ "status", "Unknown error occurred", "InternalServerError", 500, 0 },
      classify { statusCode = 99 })
  end)

  it("with retry_after is temporary", function()
    assert.same({ "retry", "later", "InternalServerError", 503, 10 },
      classify { retry_after = 10.9, message = "later" })
    assert.same("error", classify({ retry_after = "10" })[1])
  end)

  it("with retry_after waits a year at most", function()
    for delay, expected in pairs { [172800000] = 172800000, [31536000001] = 31536000000, [1e300] = 31536000000,
        [math.huge] = 31536000000, [-math.huge] = 0 } do
      assert.same(expected, classify({ retry_after = delay })[5])
    end
  end)

  it("with retryable = false is final", function()
    assert.same({ "reject", "bad", "InternalServerError", 500, 0 },
      classify { retryable = false, message = "bad" })
  end)

  it("is final or temporary whatever its statusCode, which is the reply's", function()
    assert.same({ "retry", "later", "InternalServerError", 429, 10 },
      classify { retry_after = 10, statusCode = 429, message = "later" })
    assert.same({ "reject", "bad", "InternalServerError", 422, 0 },
      classify { retryable = false, statusCode = 422, message = "bad" })
    assert.same({ "reject", "bad", "InternalServerError", 500, 0 },
      classify { retryable = false, retry_after = 10, statusCode = 7, message = "bad" })
  end)

  it("that leaves out the status has 500", function()
    assert.same({ "status", "m", "N", 500, 0 }, classify { message = "m", error = "N" })
    assert.same({ "status", "Unknown error occurred", "InternalServerError", 500, 0 }, classify {})
  end)

  it("of any other kind is an error", function()
    assert.same({ "error", "oh", "InternalServerError", 500, 0 }, classify "oh")
    assert.same({ "error", "nil", "InternalServerError", 500, 0 }, classify(nil))
    assert.same({ "error", '{"code":5}', "InternalServerError", 500, 0 }, classify { code = 5 })
  end)

  it("does no harm by its metamethods", function()
    local hostile = setmetatable({}, { __index = error, __tostring = error, __eq = error })
    assert.same({ "error", "(table that cannot be shown)", "InternalServerError", 500, 0 },
      classify(hostile))
    assert.equal("(table that cannot be shown)", classify({ statusCode = 400, message = hostile })[2])
    assert.equal("a must be, b must be", classify({ statusCode = 400, message = { "a must be", "b must be" } })[2])
    assert.equal('{"field":"a"}', classify({ statusCode = 400, message = { field = "a" } })[2])
  end)
end)
