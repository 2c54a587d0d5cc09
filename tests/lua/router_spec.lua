local router = require "moonroute"

describe("the router outside of a message", function()
  it("makes UUIDs", function()
    assert.matches("^%x+%-%x+%-4%x+%-[89ab]%x+%-%x+$", router.uuid())
    assert.not_equal(router.uuid(), router.uuid())
  end)

  it("knows the time", function()
    assert.is_true(math.abs(router.now() / 1000 - os.time()) < 5)
  end)

  it("raises what a handler would raise", function()
    local function raised(run, ...)
      return select(2, pcall(run, ...))
    end
    assert.same({ statusCode = 404, message = "gone", error = "NotFound" },
      raised(router.fail, 404, "gone", "NotFound"))
    assert.same({ statusCode = 500 }, raised(router.fail))
    assert.same({ retry_after = 5, message = "later" }, raised(router.retry, 5, "later"))
    assert.same({ retryable = false, message = "bad" }, raised(router.reject, "bad"))
  end)

  it("says that no message is being handled", function()
    for _, name in ipairs { "publish", "request", "sleep" } do
      local _, why = pcall(function() router[name]("x", 1) end)
      assert.matches("router_spec.lua:%d+: router." .. name .. ": no message is being handled$", why)
    end
  end)

  it("marks arrays", function()
    local list = { 1, 2 }
    assert.equal(list, router.array(list))
    assert.equal(list, router.array(list))
    assert.same({}, router.array())
    assert.has_error(function() router.array(1) end, "router.array: expected a table, got a number")
  end)

  it("has the null of cjson", function()
    assert.equal(require("cjson").null, router.null)
  end)
end)
