local headers = require "moonroute.headers"
local null = require("moonroute").null

describe("headers", function()
  it("of a table become a flat list", function()
    assert.same({ "a", "1" }, headers.flatten { a = 1 })
    assert.same({}, headers.flatten {})
    assert.same({ "id", "1234567890123456789" }, headers.flatten { id = 1234567890123456789LL })
  end)

  it("of an ordered list keep their order and may repeat", function()
    assert.same({ "b", "x", "a", "true", "b", "2.5" },
      headers.flatten { { "b", "x" }, { "a", true }, { "b", 2.5 } })
  end)

  it("have numbers with all their digits", function()
    for text, number in pairs { ["1234567890123456"] = 1234567890123456, ["9007199254740992"] = 2 ^ 53,
                                ["-3"] = -3, ["0.1"] = 0.1, ["0.30000000000000004"] = 0.1 + 0.2,
                                ["1e+300"] = 1e300, inf = math.huge } do
      assert.same({ "n", text }, headers.flatten { n = number })
    end
  end)

  it("with null have a null value", function()
    assert.same({ "a", false }, headers.flatten { a = null })
  end)

  it("say what is wrong with them", function()
    local function err(given)
      local flat, why = headers.flatten(given)
      assert.is_nil(flat)
      return why
    end
    assert.equal("headers: expected a table, got a number", err(5))
    assert.equal("headers: a: expected a string, number or boolean, got a table", err { a = {} })
    assert.equal("headers: item 2: expected { name, value }, got a string", err { { "a", 1 }, "b" })
    assert.equal("headers: a name must be a string, got a number", err { { 1, 2 } })
    assert.equal("headers: a: expected a string, number or boolean, got a nil", err { { "a" } })
    local mixed = "headers: expected names, or a list of { name, value }, got a mixture or a list with holes"
    assert.equal(mixed, err { { "a", "1" }, b = "2" })
    assert.equal(mixed, err { { "a", "1" }, nil, { "c", "2" } })
    assert.matches("^headers: a name cannot have a zero byte: ", err { ["a\0b"] = "1" })
  end)
end)
