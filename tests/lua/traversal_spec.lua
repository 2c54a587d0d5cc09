local util = require "jit.util"

-- The functions that LuaJIT records for its compiler while `run` runs.
local function recorded_by(run)
  local functions = {}
  local function note(_, func)
    functions[func] = true
  end
  jit.flush()
  jit.attach(note, "record")
  run()
  jit.attach(note)
  return functions
end

local function walk_by(iterate)
  return function(list, see)
    for key, value in iterate(list) do
      see(key, value)
    end
  end
end

local function by_next(list)
  return next, list
end

describe("a walk through a table", function()
  local list = { "a", "b", nil, "d", x = 1, y = 2 }

  it("meets each key once, in whatever way it is made", function()
    for _, walk in ipairs { walk_by(pairs), walk_by(by_next), table.foreach } do
      local seen = {}
      walk(list, function(key, value)
        assert.is_nil(seen[key])
        seen[key] = value
      end)
      assert.same(list, seen)
    end
    assert.is_nil(next({}))
    assert.same({ 1, "a" }, { next(list) })
  end)

  it("may take away what it has met", function()
    local left = { 1, 2, 3, a = 1, b = 2 }
    for key in pairs(left) do
      left[key] = nil
    end
    assert.is_nil(next(left))
  end)

  it("refuses what is no table, and keys that are not there", function()
    assert.error_matches(function() next("x") end, "bad argument #1 to 'next' %(table expected")
    assert.error_matches(function() next({}, "x") end, "invalid key to 'next'")
    assert.error_matches(function() pairs(nil) end, "bad argument #1 to 'pairs' %(table expected")
  end)

  -- Where LuaJIT does, a process crashes now and then: src/lua/traversal.h.
  it("is not compiled", function()
    assert.equal(next, (pairs {}))
    assert.is_nil(util.funcinfo(next).ffid)
    local functions = recorded_by(function()
      for _ = 1, 500 do
        table.foreach(list, type)
      end
    end)
    assert.equal(jit.status(), next(functions) ~= nil)
    assert.is_nil(functions[table.foreach])
  end)
end)
