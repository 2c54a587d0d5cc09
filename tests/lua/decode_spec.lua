local cjson = require("cjson").new()
local json = require "moonroute.json"
local router = require "moonroute"

-- Texts that come out as they went in, byte for byte.
local same = {
  "{}", "[]", "[[]]", "[{}]", '{"a":{}}', '{"a":[]}', '{"a":[[],{},[[]]]}', "null", "true", "false",
  "[null]", '{"a":null}', "[null,null]", "[true,false]", '""', '" "', '[""]', '{"":""}', '{"":{"":[]}}',
  "0", "-0", "1", "-1", "42", "1234567890123456", "9007199254740991", "9007199254740992",
  "9007199254740993", "-9007199254740992", "-9007199254740993", "9223372036854775806",
  "9223372036854775807", "9223372036854775808", "-9223372036854775807", "-9223372036854775808",
  "18446744073709549568", "[1234567890123456789]", '{"id":-1234567890123456789}',
  "0.1", "-0.1", "0.5", "123.456", "64250.5", "3.141592653589793", "0.30000000000000004", "1e-7",
  "5e-324", "-5e-324", "2.2250738585072014e-308", "2.225073858507201e-308", "1.7976931348623157e308",
  "-1.7976931348623157e308", "1e22", "1e300", "1e-300", "4.35e-10",
  [["\"\\/\b\f\n\r\t"]], [["\u0000"]], [["\u0001\u001f"]], '"\127"', '"é"', '"€"', '"😀"', '"\239\191\191"',
  '"\244\143\191\191"', '"\194\128"', '"\224\160\128"', '"\240\144\128\128"', '"\237\159\191"',
  '"' .. ("x"):rep(1e6) .. '"', '"' .. ("é€😀"):rep(1e5) .. '"', '"' .. ("\\n"):rep(1e5) .. '"',
  ("["):rep(512) .. ("]"):rep(512), ('{"a":'):rep(511) .. "{}" .. ("}"):rep(511),
  "[" .. ("0,"):rep(1e5) .. "0]",
}

-- Others come out as the same value in its own form.
local other = {
  { "1.0", "1" }, { "1e2", "100" }, { "1E+2", "100" }, { "1e-2", "0.01" }, { "-0.0", "-0" }, { "-0e9", "-0" },
  { "9223372036854775809", "9223372036854775808" }, { "-9223372036854775809", "-9223372036854775808" },
  { "100000000000000000000", "1e20" }, { "1e-400", "0" }, { "0.1000", "0.1" },
  { [["\/"]], '"/"' }, { [["\u0041"]], '"A"' }, { [["\u00e9\u20ac"]], '"é€"' }, { [["\ud83d\ude00"]], '"😀"' },
  { [["\uD83D\uDE00"]], '"😀"' }, { [["\udbff\udfff"]], '"\244\143\191\191"' }, { [["\uFFFF"]], '"\239\191\191"' },
  { [["a\u0022b"]], [["a\"b"]] }, { [[{"\u0061":1}]], '{"a":1}' }, { '{"a":1,"a":2}', '{"a":2}' },
  { '{"a":1,"\\u0061":[]}', '{"a":[]}' }, { " [ 1 ,\t2\r\n] ", "[1,2]" }, { ' { "a" : { } } ', '{"a":{}}' },
}

describe("JSON that is read and written again", function()
  it("is what it was", function()
    for _, text in ipairs(same) do
      assert.equal(text, json.encode(json.decode(text)))
    end
  end)

  it("is the same value in another form", function()
    for _, pair in ipairs(other) do
      assert.equal(pair[2], json.encode(json.decode(pair[1])))
    end
  end)

  it("has all members", function()
    local members, seen = {}, {}
    for i = 1, 5000 do
      members[i] = ('"name %d":%d'):format(i % 2 == 0 and i or i * 1e9, i)
    end
    for _ = 1, 2 do
      local object = json.decode("{" .. table.concat(members, ",") .. "}")
      for name, value in pairs(object) do
        seen[value] = name
      end
      for i = 1, 5000 do
        assert.equal(("name %d"):format(i % 2 == 0 and i or i * 1e9), seen[i])
      end
    end
  end)

  it("is what lua-cjson reads, where both can", function()
    math.randomseed(6)
    local make
    local makers = {
      function() return tostring(math.random(-1e9, 1e9)) end,
      function() return ("%.17g"):format((math.random() - 0.5) * 10 ^ math.random(-30, 30)) end,
      function() return ({ "true", "false", "null" })[math.random(3)] end,
      function()
        local parts = { "a", "longer text ", [[\n]], [[\u00e9]], "€", [[\"]], "😀", "\127" }
        local text = {}
        for i = 1, math.random(0, 6) do
          text[i] = parts[math.random(#parts)]
        end
        return '"' .. table.concat(text) .. '"'
      end,
      function(depth)
        local items = {}
        for i = 1, math.random(1, 5) do
          items[i] = make(depth + 1)
        end
        return "[" .. table.concat(items, ", ") .. "]"
      end,
      function(depth)
        local members = {}
        for i = 1, math.random(1, 12) do
          members[i] = ('"k%d": %s'):format(math.random(40), make(depth + 1))
        end
        return "{" .. table.concat(members, " , ") .. "}"
      end,
    }
    function make(depth)
      return makers[math.random(depth > 5 and 4 or #makers)](depth)
    end
    for _ = 1, 2000 do
      local text = make(0)
      local value = json.decode(text)
      assert.same(cjson.decode(text), value)
      assert.same(value, json.decode(json.encode(value)))
      assert.same(cjson.decode(text), cjson.decode(json.encode(value)))
    end
  end)
end)

describe("a value that was read", function()
  it("is an array where it was one", function()
    local value = json.decode '{"list":[],"object":{}}'
    assert.equal(json.array, debug.getmetatable(value.list))
    assert.is_nil(debug.getmetatable(value.object))
    assert.equal(0, #value.list)
    value.list[1] = "x"
    assert.equal('["x"]', json.encode(value.list))
    assert.equal("[]", json.encode(router.array(json.decode "[]")))
    assert.equal("a table with both positions and names",
      select(2, pcall(json.encode, (function() value.list.name = 1 return value.list end)())))
  end)

  it("has integers beyond 2^53 as int64", function()
    local value = json.decode "9007199254740993"
    assert.equal("cdata", type(value))
    assert.is_true(value == 9007199254740993LL)
    assert.equal("9007199254740994", json.encode(value + 1))
    assert.is_true(json.decode "-9223372036854775808" < value)
    assert.is_true(json.decode "-9223372036854775808" == -9223372036854775807LL - 1)
    assert.is_true(json.decode "-4294967297000000001" == -4294967297000000001LL)
    assert.equal(2 ^ 53, tonumber(value))
    assert.equal("number", type(json.decode "9007199254740992"))
    assert.equal("number", type(json.decode "9223372036854775808"))
    assert.equal(2 ^ 63, json.decode "9223372036854775808")
  end)

  it("may have integers that Lua made", function()
    assert.equal("18446744073709551615", json.encode(0xffffffffffffffffULL))
    assert.equal("[-1,0,7]", json.encode { -1LL, 0LL, 7ULL })
    assert.equal("a[1]: a value of type cdata is no JSON",
      select(2, pcall(json.encode, { a = { 1i } })))
  end)
end)

-- Each with its place, and what is wrong there.
local invalid = {
  { "", "byte 1: expected a value" },
  { " \n", "byte 3: expected a value" },
  { "\239\187\191{}", "byte 1: expected a value, not a byte order mark" },
  { "\0", "byte 1: expected a value" },
  { "{}\0", "byte 3: expected the end" },
  { "{} {}", "byte 4: expected the end" },
  { "[1] 2", "byte 5: expected the end" },
  { "1 2", "byte 3: expected the end" },
  { "[]]", "byte 3: expected the end" },
  { "\"a\"x", "byte 4: expected the end" },
  { "\f[]", "byte 1: expected a value" },
  { "[\v]", "byte 2: expected a value" },
  { "\194\160[]", "byte 1: expected a value" },
  { "nul", "byte 1: expected a value" },
  { "nulL", "byte 1: expected a value" },
  { "[tru]", "byte 2: expected a value" },
  { "True", "byte 1: expected a value" },
  { "nullx", "byte 5: expected the end" },
  { "NaN", "byte 1: expected a value" },
  { "Infinity", "byte 1: expected a value" },
  { "-Infinity", "byte 2: expected a digit" },
  { "'a'", "byte 1: expected a value" },
  { "{", "byte 2: expected a name or '}'" },
  { "{a:1}", "byte 2: expected a name or '}'" },
  { "{1:1}", "byte 2: expected a name or '}'" },
  { "{,}", "byte 2: expected a name or '}'" },
  { '{"a"', "byte 5: expected ':'" },
  { '{"a" 1}', "byte 6: expected ':'" },
  { '{"a":', "byte 6: expected a value" },
  { '{"a":}', "byte 6: expected a value" },
  { '{"a":1', "byte 7: expected ',' or '}'" },
  { '{"a":1 "b":2}', "byte 8: expected ',' or '}'" },
  { '{"a":1,}', "byte 8: expected a name" },
  { '{"a":1]', "byte 7: expected ',' or '}'" },
  { '{"a"::1}', "byte 6: expected a value" },
  { "[", "byte 2: expected a value" },
  { "[1", "byte 3: expected ',' or ']'" },
  { "[1 2]", "byte 4: expected ',' or ']'" },
  { "[1,]", "byte 4: expected a value" },
  { "[,1]", "byte 2: expected a value" },
  { "[1,,2]", "byte 4: expected a value" },
  { "[1}", "byte 3: expected ',' or ']'" },
  { "]", "byte 1: expected a value" },
  { "[// no\n1]", "byte 2: expected a value" },
  { "-", "byte 2: expected a digit" },
  { "-x", "byte 2: expected a digit" },
  { "+1", "byte 1: expected a value" },
  { ".5", "byte 1: expected a value" },
  { "1.", "byte 3: expected a digit" },
  { "[1.e5]", "byte 4: expected a digit" },
  { "1e", "byte 3: expected a digit" },
  { "1e+", "byte 4: expected a digit" },
  { "01", "byte 2: expected the end" },
  { "[-012]", "byte 4: expected ',' or ']'" },
  { "0x10", "byte 2: expected the end" },
  { "1_000", "byte 2: expected the end" },
  { "[1e309]", "byte 2: a number out of range" },
  { '{"a":-1e999}', "byte 6: a number out of range" },
  { '"a', "byte 3: expected '\"'" },
  { '"', "byte 2: expected '\"'" },
  { '"a\\', "byte 3: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u" },
  { '"\\x41"', "byte 2: expected one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u" },
  { '"\\u12G4"', "byte 6: expected a hexadecimal digit" },
  { '"\\u12', "byte 6: expected a hexadecimal digit" },
  { '"\\ud800"', "byte 8: expected the second half of a surrogate pair" },
  { '"\\ud800x"', "byte 8: expected the second half of a surrogate pair" },
  { '"\\ud800\\n"', "byte 8: expected the second half of a surrogate pair" },
  { '"\\ud800\\u0041"', "byte 8: expected the second half of a surrogate pair" },
  { '"a\\udc00"', "byte 3: expected the first half of a surrogate pair before this one" },
  { '"a\0b"', "byte 3 is a control character" },
  { '"a\nb"', "byte 3 is a control character" },
  { '"12345678\t"', "byte 10 is a control character" },
  { '{"a\31":1}', "byte 4 is a control character" },
  { '"\255"', "byte 2 is not UTF-8" },
  { '"aaaaaaaaaa\237\160\128"', "byte 12 is not UTF-8" },
  { '"\192\128"', "byte 2 is not UTF-8" },
  { '"\195"', "byte 2 is not UTF-8" },
  { '"\244\144\128\128"', "byte 2 is not UTF-8" },
  { '"é\128"', "byte 4 is not UTF-8" },
  { '{"\254":1}', "byte 3 is not UTF-8" },
  { '"\\n\255"', "byte 4 is not UTF-8" },
  { "\255", "byte 1: expected a value" },
  { ("["):rep(513), "byte 513: more than 512 levels" },
  { ('{"a":'):rep(100000), "byte 2561: more than 512 levels" },
  { '{"type":"PLACE","price":6.5,x}', "byte 29: expected a name" },
}

describe("what is no JSON", function()
  it("is refused with its place", function()
    for _, case in ipairs(invalid) do
      local ok, why = pcall(json.decode, case[1])
      assert.is_false(ok, case[1])
      assert.equal(case[2], why, case[1])
    end
  end)

  it("is refused wherever it is cut off", function()
    local text = '{"a":[1.5e3,"x\\u00e9é",true,null,-0],"b":{"c":"d"},"e":[]}'
    assert.is_table(json.decode(text))
    for length = 0, #text - 1 do
      assert.is_false(pcall(json.decode, text:sub(1, length)))
    end
  end)

  it("leaves nothing behind", function()
    pcall(json.decode, '{"a":"x\\n')
    assert.equal('{"a":"y"}', json.encode(json.decode '{"a":"y"}'))
  end)
end)
