local host = require "moonroute.host"
local router = require "moonroute"

describe("a circuit breaker", function()
  local now, clock, number = 0, host.clock, 0
  local changes, breaker

  setup(function()
    host.clock = function() return now end
    host.breaker_state = function(name, state) changes[#changes + 1] = name .. " " .. state end
    host.breaker_rejected = function(name) changes[#changes + 1] = name .. " rejected" end
  end)

  teardown(function()
    host.clock = clock
  end)

  -- A name that no other test uses.
  local function fresh(options)
    number = number + 1
    return router.breaker("payments " .. number, options)
  end

  before_each(function()
    changes = {}
    breaker = fresh { failures = 2, reset = 1000 }
    changes = {}
  end)

  local function fail(raised)
    return select(2, pcall(breaker.call, breaker, function() error(raised or "down", 0) end))
  end

  local function succeed()
    return breaker(function() return "fine" end)
  end

  -- A call under way; `finish(true)` ends it well.
  local function begin()
    local co = coroutine.create(function()
      return pcall(breaker, function()
        assert(coroutine.yield())
      end)
    end)
    coroutine.resume(co)
    return function(ok)
      return select(3, coroutine.resume(co, ok))
    end
  end

  local function open()
    fail()
    fail()
    assert.equal("open", breaker:state())
  end

  it("passes on what goes in and what comes out", function()
    local function f(...) return select("#", ...), ... end
    assert.same({ n = 4, 3, 1, nil, 3 }, { n = select("#", breaker:call(f, 1, nil, 3)), breaker:call(f, 1, nil, 3) })
    assert.same({ 1, "x" }, { breaker(f, "x") })
    local raised = { statusCode = 500 }
    assert.equal(raised, fail(raised))
    assert.equal("closed", breaker:state())
  end)

  it("opens by failures in a row", function()
    fail()
    succeed()
    fail()
    assert.equal("closed", breaker:state())
    assert.equal("down", fail())
    assert.equal("open", breaker:state())
    assert.same({ breaker.name .. " open" }, changes)
  end)

  it("calls nothing while it is open", function()
    open()
    local called = false
    local _, raised = pcall(breaker.call, breaker, function() called = true end)
    assert.is_false(called)
    assert.same({
      statusCode = 503,
      message = 'Circuit breaker "' .. breaker.name .. '" is open',
      error = "CircuitBreakerOpen",
    }, raised)
    assert.equal(breaker.name .. " rejected", changes[2])
  end)

  it("takes 4xx for an answer", function()
    for _ = 1, 5 do
      fail { statusCode = 404 }
      fail { statusCode = 404, retryable = false }
    end
    assert.equal("closed", breaker:state())
    fail { statusCode = 503 }
    fail { statusCode = 400 }
    fail { retry_after = 5 }
    assert.equal("closed", breaker:state())
    fail(setmetatable({}, { __index = error }))
    assert.equal("open", breaker:state())
  end)

  it("is closed again by a trial that goes well", function()
    open()
    now = now + 999
    assert.equal("open", breaker:state())
    now = now + 1
    assert.equal("fine", succeed())
    assert.equal("closed", breaker:state())
    local name = breaker.name
    assert.same({ name .. " open", name .. " half-open", name .. " closed" }, changes)
    fail()
    assert.equal("closed", breaker:state())
  end)

  it("is open again after a trial that fails", function()
    open()
    now = now + 1000
    assert.equal("down", fail())
    assert.equal("open", breaker:state())
    now = now + 999
    assert.equal(503, fail().statusCode)
  end)

  it("lets one trial through at a time, or as many as it is told", function()
    for most = 1, 3 do
      breaker = fresh { failures = 2, reset = 1000, half_open = most }
      open()
      now = now + 1000
      local trials = {}
      for position = 1, most do
        trials[position] = begin()
      end
      assert.equal(503, fail().statusCode)
      trials[1](true)
      assert.equal("closed", breaker:state())
    end
  end)

  it("forgets a trial that never ends", function()
    open()
    now = now + 1000
    begin()
    now = now + 999
    assert.equal(503, fail().statusCode)
    now = now + 1
    assert.equal("fine", succeed())
    assert.equal("closed", breaker:state())
  end)

  it("asks only calls of now", function()
    local late_success, late_failure = begin(), begin()
    open()
    late_success(true)
    assert.equal("open", breaker:state())
    now = now + 1000
    assert.equal("half-open", breaker:state())
    late_failure(false)
    assert.equal("half-open", breaker:state())
  end)

  it("is one by its name, with the options given last", function()
    local name = breaker.name
    fail()
    local same = router.breaker(name, { failures = 3 })
    assert.error(function() same(error, "down") end)
    assert.equal("closed", breaker:state())
    router.breaker(name)
    fail()
    assert.equal("open", same:state())
    now = now + 29999
    assert.equal("open", breaker:state())
    now = now + 1
    assert.equal("half-open", breaker:state())
  end)

  it("cannot be changed", function()
    assert.error_matches(function() breaker.call = nil end, "breaker: read%-only")
    assert.is_false(getmetatable(breaker))
  end)

  it("says what is wrong with its arguments, in the line that gave them", function()
    local function why(...)
      local _, said = pcall(function(...) router.breaker(...) end, ...)
      return said:match("breaker_spec.lua:%d+: router.breaker: (.*)") or said
    end
    assert.equal("name: expected a string, got a nil", why())
    assert.matches("^name: expected a letter or digit.* got \"\"$", why(""))
    assert.matches("^name: .* got", why(("x"):rep(65)))
    assert.matches("^name: .* got", why("a\nb"))
    assert.equal("options: expected a table, got a number", why("x", 5))
    assert.equal('failures: expected a whole number of 1 to 1000000, got "five"', why("x", { failures = "five" }))
    assert.equal("reset: expected a whole number of 1 to 86400000, got 0", why("x", { reset = 0 }))
    assert.equal("half_open: expected a whole number of 1 to 1000000, got 1.5", why("x", { half_open = 1.5 }))
    assert.equal("unknown option 'failure'", why("x", { failure = 5 }))
    local _, said = pcall(function() breaker:call(nil) end)
    assert.matches("breaker_spec.lua:%d+: breaker \"payments %d+\": expected a function to call, got a nil$", said)
  end)

  it("is one of few", function()
    local _, said = pcall(function()
      for position = 1, 1000 do
        router.breaker("many " .. position)
      end
    end)
    assert.matches("router.breaker: there are 256 breakers already: is the name made from a message%?$", said)
  end)
end)
