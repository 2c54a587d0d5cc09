local json = require "moonroute.json"

local folder = debug.getinfo(1, "S").source:match("^@(.*/)") or "./"
local cases = dofile(folder .. "corpus/json_test_suite.lua")

-- What is taken of that about which a parser may think as it likes; all else is refused.
local taken = {
  -- The nearest double.
  i_number_double_huge_neg_exp = "[0]",
  i_number_real_underflow = "[0]",
  i_number_too_big_neg_int = "[-1.2312312312312312e29]",
  i_number_too_big_pos_int = "[1e20]",
  i_number_very_big_negative_int = "[-2.374623746732769e47]",
  -- No more than 512 levels.
  i_structure_500_nested_arrays = ("["):rep(500) .. ("]"):rep(500),
}

-- Why the others are refused: they are beyond every double, no UTF-8 (nor can be: half a surrogate
-- pair) but UTF-16, or begin with a byte order mark.
local reasons = {
  "a number out of range$", "is not UTF%-8$", "half of a surrogate pair", "byte [12]: expected a value",
}

local function is_one_of(why)
  for _, reason in ipairs(reasons) do
    if why:find(reason) then
      return true
    end
  end
  return false
end

local function count(kind)
  local found = 0
  for name in pairs(cases) do
    found = found + (name:sub(1, 2) == kind and 1 or 0)
  end
  return found
end

describe("of JSONTestSuite", function()
  it("all there is is looked at", function()
    assert.same({ 95, 188, 35 }, { count "y_", count "n_", count "i_" })
  end)

  it("what is JSON is taken, and is what it was when read again", function()
    for name, text in pairs(cases) do
      if name:sub(1, 2) == "y_" then
        local ok, value = pcall(json.decode, text)
        assert.is_true(ok, name)
        assert.same(value, json.decode(json.encode(value)), name)
      end
    end
  end)

  it("what is none is refused with its place", function()
    for name, text in pairs(cases) do
      if name:sub(1, 2) == "n_" then
        local ok, why = pcall(json.decode, text)
        assert.is_false(ok, name)
        assert.truthy(why:find("^byte %d+"), name)
      end
    end
  end)

  it("the rest is taken where nothing is lost", function()
    for name, text in pairs(cases) do
      local ok, value = pcall(json.decode, text)
      if taken[name] then
        assert.is_true(ok, name)
        assert.equal(taken[name], json.encode(value), name)
      elseif name:sub(1, 2) == "i_" then
        assert.is_false(ok, name)
        assert.is_true(is_one_of(value), name)
      end
    end
  end)
end)
