-- Runs random programs twice, interpreted and compiled, and compares what they write. Each rule
-- makes text: an upper-case word in it stands for the text of a rule of that name.
local compiled = require "moonroute.compiled"

local PROGRAMS = 1500

local RULES = {
  WHOLE = {
    "0", "1", "-1", "2", "3", "7", "-3", "31", "32", "63", "64", "255", "2147483647", "-2147483647", "(-2147483648)",
    "2147483648", "4294967296", "9007199254740992", "i", "i", "i", "(-i)", "(i%7)", "(i-5)", "(i+2147483600)",
    "#TEXT",
    "(WHOLE+WHOLE)", "(WHOLE - WHOLE)", "math.min(WHOLE,WHOLE)", "math.max(WHOLE,WHOLE)", "bit.BITS(WHOLE,WHOLE)",
    "bit.bnot(WHOLE)", "bit.bswap(WHOLE)", "(TEXT:byte(WHOLE) or -1)", "(TEXT:find(TEXT,WHOLE,true) or 0)",
    "select('#',ANY,ANY)", "count(ANY,ANY,ANY)", "#list", "depth(WHOLE)",
  },
  BITS = { "band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror" },
  NUMBER = {
    "WHOLE", "WHOLE", "WHOLE", "0.5", "1.5", "1e300", "(0/0)", "(1/0)", "(-1/0)", "(-0)", "number(a)", "number(b)",
    "(NUMBER+NUMBER)", "(NUMBER - NUMBER)", "(NUMBER*NUMBER)", "(NUMBER/NUMBER)", "(NUMBER%NUMBER)", "(- NUMBER)",
    "math.floor(NUMBER)", "math.abs(NUMBER)", "(tonumber(TEXT) or 0)",
  },
  LONG = {
    "0LL", "1LL", "-1LL", "9007199254740993LL", "9223372036854775807LL", "0x123456789abcdef0ULL",
    "18446744073709551615ULL", "(i+0LL)", "big", "zero", "(LONG+LONG)", "(LONG - WHOLE)", "(LONG*LONG)",
    "(LONG/LONG)",
    "(LONG%LONG)", "(- LONG)", "bit.BITS(LONG,LONG)", "bit.BITS(LONG,WHOLE)", "bit.bnot(LONG)", "bit.bswap(LONG)",
  },
  TEXT = {
    "(s)", "(s)", "message", "('')", "('abc')", "('hello world')", "('12')", "('0x10')", "('k'..i%5)", "word(c)",
    "(TEXT):sub(NUMBER,NUMBER)", "(TEXT):sub(WHOLE,WHOLE)", "(TEXT):sub(WHOLE)", "(TEXT..TEXT)",
    "(TEXT..(WHOLE)..TEXT)",
    "(TEXT):upper()", "(TEXT):reverse()", "(TEXT):rep(WHOLE%4)", "word(ANY)", "string.char(WHOLE%256)",
    "string.format('%g',NUMBER)",
  },
  ANY = {
    "NUMBER", "NUMBER", "TEXT", "TEXT", "LONG", "nil", "true", "false", "t", "m", "o", "t[i%7]", "t.x", "t['k'..i%3]",
  },
  TEST = {
    "NUMBER<NUMBER", "NUMBER<=NUMBER", "NUMBER==NUMBER", "TEXT<TEXT", "TEXT==TEXT", "LONG<LONG", "LONG==WHOLE",
    "LONG*LONG~=0", "ANY==ANY", "m<o", "o==m", "not (TEST)", "i%3==0", "(TEST) and (TEST)", "(TEST) or (TEST)",
  },
  KEY = { "i", "i%7", "'x'", "'y'", "('k'..i%4)", "a", "c", "NUMBER", "TEXT" },
  TABLE = { "t", "u", "m", "o" },
  STEP = {
    "a=NUMBER", "b=NUMBER", "c=(TEXT):sub(1,40)", "s=(TEXT):sub(1,40)", "write(ANY)", "write(NUMBER,TEXT)",
    "write(LONG)",
    "TABLE[KEY]=ANY", "write(TABLE[KEY])", "write(m..'a'..m)", "write(word(o..(ANY)..m))",
    "write(word(TEXT..m..TEXT))",
    "if TEST then STEP STEP else STEP end", "if TEST then STEP end", "write(TEST)", "for j=1,WHOLE%5 do STEP end",
    "local q={ANY,ANY,x=ANY} q[1]=ANY q.y=ANY write(q[1],q[2],q.x,q.y,#q)", "write(pcall(both,ANY,ANY))",
    "local p=setmetatable({x=1},KIND) p.y=ANY p.z=ANY write(p.x,p.y,rawget(p,'z'))", "write(unpack({ANY,ANY}))",
    "table.insert(list,ANY) if #list>9 then table.remove(list,1) end", "for _,v in ipairs(list) do write(v) end",
    "local function get(z) a=number(a)+1 return z,c end write(get(ANY))", "write((select(2,ANY,ANY)))",
  },
  KIND = { "kind", "other" },
}

local SHORTEST = { WHOLE = "i", NUMBER = "i", LONG = "big", TEXT = "(s)", ANY = "c", TEST = "i%3==0",
  STEP = "write(a,c)" }

local PRELUDE = [[
local write, number, word, message = ...
local big, zero, a, b, c, s = 9007199254740993LL, 0LL, 1, 2.5, "x", "some text"
local t, u, list, seen = { 1, 2, 3, x = 1 }, {}, { 1, "b", 3 }, {}
local kind = {}
kind.__index = function(_, key) return key end
kind.__newindex = function(object, key, value) rawset(object, "y", value) end
kind.__concat = function(left, right) return word(left) .. word(right) end
kind.__lt = function() return true end
kind.__eq = function(left, right) return rawget(left, "x") == rawget(right, "x") end
local other = { __index = seen, __newindex = seen, __concat = function() return setmetatable({}, kind) end }
local m, o = setmetatable({ x = 1 }, kind), setmetatable({}, other)
local function count(...)
  local sum = 0
  for j = 1, select("#", ...) do
    if (select(j, ...)) then sum = sum + j end
  end
  return sum
end
local function depth(n) return n > 0 and n < 20 and 1 + depth(n - 1) or 0 end
local function both(left, right) return left .. right, left + right end
for i = 1, 60 do
  local ok, err = pcall(function() %s end)
  if not ok then write(err) end
end]]
PRELUDE = PRELUDE:gsub("local function depth", "local depth function depth")

local function generator(seed)
  return function(count)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return math.floor(seed / 65536) % count + 1
  end
end

local function grow(name, random, level)
  local rules = RULES[name]
  local text = level > 4 and SHORTEST[name] or rules[random(#rules)]
  return (text:gsub("%u%u+", function(inner)
    return RULES[inner] and grow(inner, random, level + 1) or nil
  end))
end

local function program(seed)
  local random, steps = generator(seed), {}
  for step = 1, 2 + random(5) do
    steps[step] = grow("STEP", random, 0)
  end
  local body = table.concat(steps, " ")
  return (PRELUDE:gsub("%%s", function() return body end))
end

local function number(value)
  return type(value) == "number" and value or 0
end

local function word(value)
  local kind = type(value)
  return (kind == "table" or kind == "function") and kind or tostring(value)
end

local function show(value)
  if type(value) ~= "number" then
    return type(value) .. " " .. word(value)
  end
  return value ~= value and "nan" or ("%.17g"):format(value)
end

local function run(text, compile)
  local chunk = assert(compiled.load(text, "=program", "t", _G))
  local written = {}
  local function write(...)
    for position = 1, math.min(select("#", ...), 3000 - #written) do
      written[#written + 1] = show((select(position, ...)))
    end
  end
  jit.off(write)
  compile(chunk, true)
  written[#written + 1] = show(select(2, pcall(chunk, write, number, word, "message 123")))
  return written
end

describe("a random program", function()
  it("writes the same compiled as interpreted", function()
    local compiles = jit.status()
    jit.opt.start("hotloop=2", "hotexit=2")
    for seed = 1, PROGRAMS do
      local text = program(seed)
      local interpreted = run(text, jit.off)
      assert.same(interpreted, run(text, jit.on), text)
    end
    jit.opt.start(3, "hotloop=56", "hotexit=10")
    jit.flush()
    assert.equal(compiles, jit.status() or compiles)
  end)
end)
