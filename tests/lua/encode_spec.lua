local cjson = require("cjson").new()
local json = require "moonroute.json"
local router = require "moonroute"

local function refusal(value)
  local ok, why = pcall(json.encode, value)
  assert.is_false(ok)
  return why
end

describe("a value written as JSON", function()
  it("is an array where its keys are 1..n, an object where they are names", function()
    assert.equal('[1,"x",[true],false]', json.encode { 1, "x", { true }, false })
    assert.equal('{"a":{"b":[null]}}', json.encode { a = { b = { json.null } } })
  end)

  it("that is an empty table is an object, unless router.array made it", function()
    assert.equal("{}", json.encode {})
    assert.equal("[]", json.encode(router.array {}))
    assert.equal('{"list":[]}', json.encode { list = router.array() })
    assert.equal("[1]", json.encode(router.array { 1 }))
  end)

  it("keeps every number", function()
    local whole = { 0, -1, 1234567890123456, 2 ^ 53, -2 ^ 53, 1e15, 1e21 }
    local broken = { 0.1, 1 / 3, 123.45, -2.5e-7, 5e-324, 1.7976931348623157e308, 2 ^ -1074 }
    for _, numbers in ipairs { whole, broken } do
      for _, number in ipairs(numbers) do
        assert.equal(number, tonumber(json.encode(number)))
      end
    end
    assert.equal("1234567890123456", json.encode(1234567890123456))
    assert.equal("0.1", json.encode(0.1))
    assert.equal("-0", json.encode(-0.0))
  end)

  it("escapes what JSON asks for and nothing else", function()
    assert.equal([["\"\\/\b\f\n\r\t\u0000\u001f]] .. "\127é€😀" .. '"',
      json.encode("\"\\/\b\f\n\r\t\0\31\127é€😀"))
    assert.equal([[{"a\"b":1}]], json.encode { ['a"b'] = 1 })
  end)

  it("has a path where it has no form in JSON", function()
    assert.equal("a.b[2]: a value of type function is no JSON", refusal { a = { b = { 1, print } } })
    assert.equal("x[1]: NaN is no JSON", refusal { x = { 0 / 0 } })
    assert.equal("infinity is no JSON", refusal(1 / 0))
    assert.equal("s: a string that is not UTF-8", refusal { s = "\255" })
    assert.equal("a.self[1]: a table that is in itself", (function()
      local cycle = {}
      cycle.self = { cycle }
      return refusal { a = cycle }
    end)())
  end)

  it("is refused with holes, with both kinds of keys, with others", function()
    assert.equal("list: a list with holes", refusal { list = { 1, nil, 3 } })
    assert.truthy(refusal { [10] = 1 }:find("a list with holes", 1, true))
    assert.equal("a table with both positions and names", refusal { 1, x = 2 })
    assert.truthy(refusal { [1.5] = 1 }:find("holes", 1, true))
    assert.equal("a table with a key that is no string", refusal { [true] = 1 })
  end)

  it("is at most 512 levels deep", function()
    local function nested(levels)
      local value = router.array {}
      for _ = 2, levels do
        value = { value }
      end
      return value
    end
    assert.equal(("["):rep(512) .. ("]"):rep(512), json.encode(nested(512)))
    assert.equal("more than 512 levels", refusal(nested(513)))
  end)

  it("is not in itself, however far in", function()
    for _, outside in ipairs { 0, 1, 2, 3, 7, 8, 100, 255, 256, 300 } do
      for _, around in ipairs { 1, 2, 3, 5, 100 } do
        local cycle = {}
        local value = cycle
        for _ = 2, around do
          value = { value }
        end
        cycle[1] = value
        for _ = 1, outside do
          value = { value }
        end
        assert.equal(("[1]"):rep(outside + around) .. ": a table that is in itself", refusal(value))
      end
    end
  end)

  it("is soon found to be in itself", function()
    local cycle = { ("x"):rep(2 ^ 20) }
    cycle[2] = { cycle }
    assert.equal("[2][1]: a table that is in itself", refusal(cycle))
  end)

  it("may have its positions in any order", function()
    local list = {}
    for i = 9, 1, -1 do
      list[i] = { i }
    end
    assert.equal("[[1],[2],[3],[4],[5],[6],[7],[8],[9]]", json.encode(list))
    list[8] = nil
    assert.equal("a list with holes", refusal(list))
    list[8], list.x = 8, 9
    assert.equal("a table with both positions and names", refusal(list))
    assert.equal("a table with both positions and names", refusal(setmetatable({ x = 1 }, json.array)))
  end)

  it("may hold the same table twice", function()
    local twice = { 1 }
    assert.equal("[[1],[1]]", json.encode { twice, twice })
  end)

  it("reads back as what it was", function()
    math.randomseed(7)
    local make
    local makers = {
      function() return math.random(-2 ^ 31, 2 ^ 31 - 1) end,
      function() return (math.random() - 0.5) * 10 ^ math.random(-30, 30) end,
      function() return math.random() < 0.5 end,
      function()
        local bytes = {}
        for i = 1, math.random(0, 40) do
          bytes[i] = string.char(math.random(1, 127))
        end
        return table.concat(bytes)
      end,
      function(depth)
        local list = { make(depth + 1) }
        for i = 2, math.random(1, 5) do
          list[i] = make(depth + 1)
        end
        return list
      end,
      function(depth)
        local object = {}
        for i = 1, math.random(1, 5) do
          object["k" .. i] = make(depth + 1)
        end
        return object
      end,
    }
    function make(depth)
      return makers[math.random(depth > 5 and 4 or #makers)](depth)
    end
    for _ = 1, 2000 do
      local value = make(0)
      assert.same(value, cjson.decode(json.encode { value })[1])
    end
  end)
end)
