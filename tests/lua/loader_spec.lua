local loader = require "moonroute.loader"

local ANSWER = "function handleMessage() return 1 end "

-- files: name to text.
local function listed(files)
  local list = {}
  for name, text in pairs(files) do
    list[#list + 1] = { name = name, place = "scripts/" .. name, text = text }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

describe("a generation", function()
  it("has the handler of every script", function()
    local generation = loader.load(listed { ["a.lua"] = ANSWER, ["b.lua"] = ANSWER, ["lib/c.lua"] = "" })
    assert.same({}, generation.errors)
    assert.equal(1, generation.handlers["a.lua"]())
    assert.equal(1, generation.handlers["b.lua"]())
    assert.is_nil(generation.handlers["lib/c.lua"])
  end)

  it("tells every error, and each once", function()
    local generation = loader.load(listed {
      ["a.lua"] = "require 'broken'",
      ["b.lua"] = "require 'broken'",
      ["c.lua"] = "local a = 1",
      ["lib/broken.lua"] = "x =",
    })
    assert.same({
      "scripts/lib/broken.lua:1: unexpected symbol near '<eof>'",
      "scripts/c.lua: no function handleMessage(topic, message, headers, context)",
    }, generation.errors)
  end)

  it("tells scripts when it begins and ends", function()
    local generation = loader.load(listed {
      ["a.lua"] = ANSWER .. "function onLoad() begun = true end "
        .. "function onUnload() error(begun and 'ended' or 'never began', 0) end",
    })
    assert.same({ "scripts/a.lua: onUnload: ended" }, generation:unload())
  end)

  it("calls no onUnload of a script whose onLoad failed", function()
    local generation = loader.load(listed {
      ["a.lua"] = ANSWER .. "function onLoad() error('no', 0) end function onUnload() error('told') end",
    })
    assert.same({ "scripts/a.lua: onLoad: no" }, generation.errors)
  end)
end)

describe("a check", function()
  it("compiles libraries that nobody requires and calls no onLoad", function()
    assert.same({ "scripts/lib/unused.lua:1: unexpected symbol near '<eof>'" }, loader.check(listed {
      ["a.lua"] = ANSWER .. "function onLoad() error('called') end",
      ["lib/unused.lua"] = "x =",
    }))
  end)
end)
