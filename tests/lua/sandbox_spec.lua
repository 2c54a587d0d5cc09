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

  it("lets code be loaded from what a reader gives, until that gives nothing", function()
    assert.equal(5, run("local parts = { 'return ', '2 + ', '3', '', '4' } local i = 0"
      .. " return load(function() i = i + 1 return parts[i] end)()"))
    assert.is_nil(run("return load(function() end)()"))
    assert.same({ false, "reader function must return a string" },
      run("local f, err = load(function() return {} end) return { f or false, err }"))
    assert.same({ false, "no more" },
      run("local f, err = load(function() error('no more', 0) end) return { f or false, err }"))
    assert.matches("^name:1:", run("local given local _, err = load(function() given = not given"
      .. " return given and ')' or nil end, '=name') return err"))
  end)

  it("is given to loaded code, unless that has a table of its own", function()
    local env = sandbox.environment(error)
    assert.is_true(run("return load('return _G')() == _G and load('return _G', 'x', 't', nil)() == _G", env))
    assert.equal(5, run("return load('return x', 'x', 't', { x = 5 })()", env))
    for _, other in ipairs { "1", "false", "'x'", "print", "1LL" } do
      assert.error_matches(function()
        run("return load('return _G', 'x', 't', " .. other .. ")", env)
      end, "load: expected a table as the environment, got a ")
    end
  end)

  it("requires Lua's own libraries by name and asks for others", function()
    local asked
    local env = sandbox.environment(function(name) asked = name return "mine" end)
    assert.is_true(run("return require 'string' == string", env))
    assert.equal("mine", run("return require 'other'", env))
    assert.equal("other", asked)
  end)
end)

-- Two scripts of a generation, and all that each can get hold of: what it can walk to from its
-- environment, what every function there gives and raises for a handful of arguments, and so on.
describe("two scripts", function()
  local loader = require "moonroute.loader"
  local script = "router, cjson = require 'moonroute', require 'cjson' function handleMessage() end"
  local results

  -- Specs run in an open state; scripts never do.
  local dump = string.dump
  setup(sandbox.harden)
  teardown(function()
    rawset(string, "dump", dump)
    debug.getmetatable("").__metatable = nil
  end)

  -- Those of the script itself: what it makes is its own.
  local function arguments()
    return { "x", 1, 0, {}, function() return {} end, "%s", "count", "cjson", "moonroute" }
  end

  local function take(value)
    if type(value) == "table" or type(value) == "userdata" or type(value) == "thread" then
      results[#results + 1] = value
    end
  end

  local function take_all(_, ...)
    for position = 1, select("#", ...) do
      take((select(position, ...)))
    end
  end

  -- In a coroutine, so that what yields comes back too; an endless reader is none of this test.
  local function call(reached, ...)
    take_all(coroutine.resume(coroutine.create(reached), ...))
  end

  local function reach(env)
    local seen, queue, given = {}, { env }, {}
    local left_out = { [env.load] = true, [env.print] = true } -- endless; noisy
    for _, write in env.pairs(env.router.log) do
      left_out[write] = true
    end
    local function visit(value)
      local kind = type(value)
      if (kind == "table" or kind == "userdata" or kind == "thread" or kind == "function")
        and seen[value] == nil then
        seen[value] = true
        queue[#queue + 1] = value
      end
    end
    while #queue > 0 do
      local value = table.remove(queue)
      seen[value] = true
      visit(env.getmetatable(value))
      if type(value) == "table" then
        for key, field in env.pairs(value) do
          visit(key)
          visit(field)
        end
        for key, field in next, value do
          visit(key)
          visit(field)
        end
      elseif type(value) == "function" and not left_out[value] and not given[value] then
        results = {}
        call(value)
        for _, first in ipairs(arguments()) do
          given[first] = true
          call(value, first)
          for _, second in ipairs(arguments()) do
            given[second] = true
            call(value, first, second)
          end
        end
        for _, result in ipairs(results) do
          visit(result)
        end
      end
    end
    return seen
  end

  it("share nothing that either can write", function()
    local generation = loader.load {
      { name = "a.lua", place = "scripts/a.lua", text = script },
      { name = "b.lua", place = "scripts/b.lua", text = script },
    }
    assert.same({}, generation.errors)
    local of_a = reach(getfenv(generation.handlers["a.lua"]))
    local of_b = reach(getfenv(generation.handlers["b.lua"]))
    local count, functions = 0, 0
    for value in pairs(of_a) do
      count = count + 1
      functions = functions + (type(value) == "function" and 1 or 0)
      if of_b[value] and type(value) ~= "function" then
        assert(value == require("cjson").null, "both reach " .. tostring(value))
      end
    end
    assert.is_true(functions > 90, functions .. " functions")
    assert.is_true(count > functions + 10, count .. " objects")
  end)
end)
