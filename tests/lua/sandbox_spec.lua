local sandbox = require "moonroute.sandbox"

local function run(code, env)
  return load(code, "=code", "t", env or sandbox.environment(error))()
end

describe("a read-only view", function()
  local real = { a = 1 }
  local view = sandbox.freeze("thing", real)

  it("shows what is in the table", function()
    assert.equal(1, view.a)
    assert.is_nil(view.b)
  end)

  it("refuses to be written", function()
    assert.error_matches(function() view.a = 2 end, "thing: read%-only")
    assert.error_matches(function() view.b = 2 end, "thing: read%-only")
    assert.equal(1, real.a)
  end)

  it("hides its metatable", function()
    assert.is_false(getmetatable(view))
    assert.error_matches(function() setmetatable(view, {}) end, "protected metatable")
  end)

  it("can be called where the table can", function()
    local callable = setmetatable({}, { __call = function(_, x) return x + 1 end })
    assert.equal(3, sandbox.freeze("callable", callable)(2))
  end)
end)

describe("an environment", function()
  it("keeps globals to itself", function()
    local env = sandbox.environment(error)
    run("x = 1", env)
    assert.equal(1, rawget(env, "x"))
    assert.is_nil(rawget(sandbox.environment(error), "x"))
    assert.is_nil(rawget(_G, "x"))
  end)

  it("names the global that nobody set", function()
    local _, why = pcall(run, "return colour")
    assert.equal("code:1: undefined global 'colour'", why)
  end)

  it("has no way to files, programs and the inside of Lua", function()
    for _, name in ipairs { "io", "debug", "package", "ffi", "jit", "dofile", "loadfile", "getfenv" } do
      assert.error_matches(function() run("return " .. name) end, "undefined global '" .. name)
    end
    for _, name in ipairs { "execute", "exit", "getenv", "remove", "rename", "tmpname" } do
      assert.is_nil(run("return os." .. name))
    end
  end)

  it("lets code be loaded from text, in itself", function()
    local env = sandbox.environment(error)
    run("loadstring('y = 2')() load('z = 3')()", env)
    assert.equal(2, rawget(env, "y"))
    assert.equal(3, rawget(env, "z"))
  end)

  it("requires Lua's own libraries by name and asks for others", function()
    local asked
    local env = sandbox.environment(function(name) asked = name return "mine" end)
    assert.is_true(run("return require 'string' == string", env))
    assert.equal("mine", run("return require 'other'", env))
    assert.equal("other", asked)
  end)
end)
