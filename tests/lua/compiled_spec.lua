-- Inputs on which some LuaJIT crashes or miscalculates once their loops are compiled. They hold on
-- every version, as they are compiled or as they are interpreted: docs/LUAJIT.md.
local compiled = require "moonroute.compiled"

local TURNS = 3000

local function evaluate(text, ...)
  return assert(compiled.load(text, "=text", "t", _G))(...)
end

-- Returns the right result of string.sub, byte by byte.
local function slice(text, first, last)
  local length, bytes = #text, {}
  first = first < 0 and first + length + 1 or first
  last = last < 0 and last + length + 1 or last
  for position = math.max(first, 1), math.min(last, length) do
    bytes[#bytes + 1] = string.char((string.byte(text, position)))
  end
  return table.concat(bytes)
end

local HARD = {
  0, 1, -1, 2, -2, 5, -5, 9, 2147483646, 2147483647, -2147483646, -2147483647, -2147483648, 2147483648,
  -2147483649, 4294967296, 2 ^ 53, -2 ^ 53, 1e300, -1e300, 1 / 0, -1 / 0,
}

describe("compiled code", function()
  it("concatenates objects", function()
    local count = evaluate([[
      local price = setmetatable({}, { __concat = function() return "c" end })
      local count = 0
      for _ = 1, 3000 do
        count = count + #(price .. "a" .. price .. "b")
      end
      return count]])
    assert.equal(TURNS, count)
  end)

  it("concatenates objects whose metamethod returns objects, or raises", function()
    local shown = evaluate([[
      local meta = {}
      local function name(value) return type(value) == "table" and "T" or tostring(value) end
      meta.__concat = function(left, right)
        if right == "!" then error("no " .. name(left), 0) end
        return setmetatable({ text = name(left) .. name(right) }, meta)
      end
      local object, shown = setmetatable({}, meta), nil
      for i = 1, 3000 do
        local text = "x" .. i
        local sum = object .. "a" .. object .. text
        local ok, err = pcall(function() return text .. object .. "!" end)
        shown = sum.text .. ":" .. text .. ":" .. tostring(ok) .. ":" .. tostring(err)
      end
      return shown]])
    assert.equal("TT:x3000:false:no T", shown)
  end)

  it("cuts strings at any position", function()
    local wrong = {}
    for seed = 1, 60 do
      math.randomseed(seed)
      local list = {}
      for i = 1, 100 do
        local text = ("abcdefgh"):rep(math.random(0, 2))
        list[i] = { text = text, first = HARD[math.random(#HARD)], last = HARD[math.random(#HARD)] }
      end
      local cut = evaluate([[
        local list, cut = ..., {}
        for i = 1, #list do
          local each = list[i]
          cut[i] = each.text:sub(each.first, each.last)
        end
        return cut]], list)
      for i, each in ipairs(list) do
        if cut[i] ~= slice(each.text, each.first, each.last) then
          wrong[#wrong + 1] = ("%q:sub(%s, %s) is %q"):format(each.text, each.first, each.last, cut[i])
        end
      end
    end
    assert.same({}, wrong)
  end)

  it("cuts strings at small positions that change from message to message", function()
    local wrong, cut = 0, evaluate([[
      return function(message)
        local all = {}
        for i = 1, 20 do all[i] = message.text:sub(message.first, message.last) end
        return all
      end]])
    for i = 1, 5000 do
      local message = { text = ("abcdefgh"):rep(i % 3), first = math.random(-20, 20), last = math.random(-20, 20) }
      local expected = slice(message.text, message.first, message.last)
      for _, each in ipairs(cut(message)) do
        wrong = wrong + (each == expected and 0 or 1)
      end
    end
    assert.equal(0, wrong)
  end)

  it("finds and reads bytes at any position", function()
    local read = evaluate([[
      return function(text, first)
        local byte, found
        for _ = 1, 200 do
          byte, found = text:byte(first), text:find("c", first, true)
        end
        return byte, found
      end]])
    for _, first in ipairs(HARD) do
      local from = first < 0 and math.max(first + 9, 1) or math.max(first, 1)
      local at = first < 0 and first + 9 or first
      local byte, found = read("abcdefgh", first)
      assert.equal((at >= 1 and at <= 8) and 96 + at or nil, byte)
      assert.equal(from <= 3 and 3 or nil, found)
    end
  end)

  it("names what is wrong with the arguments of string.sub", function()
    local _, message = pcall(evaluate, "local _ = ('x'):sub({})")
    assert.equal("text:1: bad argument #1 to 'sub' (number expected, got table)", message)
    _, message = pcall(evaluate, "\nlocal _ = string.byte(nil)")
    assert.equal("text:2: bad argument #1 to 'byte' (string expected, got nil)", message)
    assert.equal("23", evaluate "local number = 1234 return string.sub(number, '2', 3.9)")
    assert.equal("", evaluate "return ('abc'):sub(1, 0 / 0)")
  end)

  it("calculates with integers of 64 bits", function()
    local wrong = evaluate([[
      local big, zero, wrong = 9007199254740993LL, 0LL, 0
      local value = 0x123456789abcdef0ULL
      for i = 1, 3000 do
        if (big + i) * zero ~= 0 then wrong = wrong + 1 end
        if bit.rol(value, 40) ~= 0xbcdef0123456789aULL then wrong = wrong + 1 end
        if bit.ror(0x123456789abcdef0ULL, 8) ~= 0xf0123456789abcdeULL then wrong = wrong + 1 end
        if bit.rshift(0x8000000000000000ULL, 60) ~= 8 then wrong = wrong + 1 end
        if bit.band("7", big) ~= 1 then wrong = wrong + 1 end
        if 9223372036854775807LL + i ~= -9223372036854775808LL + (i - 1) then wrong = wrong + 1 end
      end
      return wrong]])
    assert.equal(0, wrong)
  end)

  it("refuses NaN as a key, and keeps to __newindex", function()
    local refused, kept, written = evaluate([[
      local refused, kept, written, seen = 0, 0, 0, {}
      local meta = { __newindex = seen }
      for i = 1, 3000 do
        local key = i % 3 == 0 and 0 / 0 or i
        local list = {}
        local ok = pcall(function() list[key] = 1 end)
        if not ok then refused = refused + 1 elseif list[key] == 1 then kept = kept + 1 end
        local object = setmetatable({}, meta)
        object.x = i
        if seen.x == i and rawget(object, "x") == nil then written = written + 1 end
      end
      return refused, kept, written]])
    assert.same({ TURNS / 3, TURNS / 3 * 2, TURNS }, { refused, kept, written })
  end)
end)

describe("a text whose loop the parser cannot read", function()
  local HARMFUL = {
    "local _ function handleMessage() local x for _ in (nil):foo() do end end",
    "local x for _ in nil do end",
    "local x for k, v in nil, x do end",
    "local x for _ in -- a comment\n ( ( nil ) ):foo() do end",
    "local x for _ in 1 and nil do end",
    "local x for _ in not 1 and 2 or nil do end",
    "local x for _ in ('a') and (nil):foo() do end",
    "local x for _ in --[==[ ]] ]==] nil do end",
    "local x for _ in [[a]] and nil do end",
    "for _ in nil",
  }
  local HARMLESS = {
    "for word in ('a,b'):gmatch(',') do end",
    "for word in (\"a\\\"\"):gmatch(',') do local x = nil end",
    "local text = 'for x in nil do' -- for x in nil do\nlocal long = [[ for x in (nil) do ]]",
    "local inner, n = nil, 1.5e-3 for i = 1, 3 do local y = nil end",
    "for k in next, {} do for l in pairs({}) do local x = nil end end",
  }

  it("is an error, or is read, but crashes nothing", function()
    for _, text in ipairs(HARMFUL) do
      local chunk, message = compiled.load("\n" .. text, "@scripts/x.lua", "t", {})
      assert.is_true(type(chunk) == "function" or message:match("^scripts/x.lua:%d: ") ~= nil, text)
    end
  end)

  it("is told from other texts", function()
    local compiler = require "moonroute.compiler"
    for _, text in ipairs(HARMFUL) do
      assert.equal(2, compiler.unparsable("\n" .. text), text)
    end
    for _, text in ipairs(HARMLESS) do
      assert.is_nil(compiler.unparsable(text), text)
      assert.is_function(compiled.load(text, "=x", "t", {}))
    end
  end)
end)
