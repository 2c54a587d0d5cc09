local coroutines = require("moonroute.coroutines").library

describe("the coroutines of scripts", function()
  it("pass values both ways", function()
    local co = coroutines.create(function(a)
      local b = coroutines.yield(a + 1)
      return b * 2, nil, "end"
    end)
    assert.same({ true, 2 }, { coroutines.resume(co, 1) })
    assert.equal(4, select("#", coroutines.resume(co, 5)))
    assert.equal("dead", coroutines.status(co))
  end)

  it("raise through wrap and return errors from resume", function()
    local failure = { statusCode = 400 }
    assert.error_matches(coroutines.wrap(function() error("oh", 0) end), "^oh$")
    local ok, raised = coroutines.resume(coroutines.create(function() error(failure) end))
    assert.is_false(ok)
    assert.equal(failure, raised)
  end)

  it("iterate", function()
    local seen = {}
    for v in coroutines.wrap(function() for i = 1, 3 do coroutines.yield(i) end end) do
      seen[#seen + 1] = v
    end
    assert.same({ 1, 2, 3 }, seen)
  end)

  it("know themselves", function()
    local co
    co = coroutines.create(function() return coroutines.running() end)
    assert.equal(co, select(2, coroutines.resume(co)))
  end)
end)
