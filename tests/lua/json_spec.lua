local json = require "moonroute.json"

describe("JSON", function()
  it("is read and written", function()
    assert.same({ a = { 1, "x", false, json.null } }, json.decode '{"a":[1,"x",false,null]}')
    assert.equal('[1,"x",false,null]', json.encode { 1, "x", false, json.null })
  end)

  it("that is none is refused", function()
    for _, text in ipairs { "", " ", "{", "[1,]", "NaN", "0x10", "'a'", "[1] 2", '"\255"', "nul" } do
      assert.is_false(pcall(json.decode, text))
    end
    assert.error_matches(function() json.decode '"aaaaaaaaaa\237\160\128"' end, "byte 12 is not UTF%-8")
  end)

  it("cannot say everything", function()
    for _, value in ipairs { print, 0 / 0, 1 / 0, -1 / 0, { [3] = 1 }, "\255", { [{}] = 1 } } do
      assert.is_false(pcall(json.encode, value))
    end
  end)

  it("goes down 512 levels", function()
    local deep = ("["):rep(512) .. ("]"):rep(512)
    assert.is_table(json.decode(deep))
    assert.is_false(pcall(json.decode, "[" .. deep .. "]"))
    assert.is_false(pcall(json.encode, { json.decode(deep) }))
  end)
end)
