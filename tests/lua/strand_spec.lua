local states = require "moonroute.strand"

local PATHS = {
  ready = {},
  running = { "running" },
  waiting = { "running", "waiting" },
  joining = { "running", "joining" },
  ended = { "running", "ended" },
}

local function strand_that_is(state)
  local strand = states.new({}, 1, function() end)
  for _, each in ipairs(PATHS[state]) do
    states.become(strand, each)
  end
  return strand
end

describe("a strand", function()
  it("is ready at first, and no coroutine to scripts", function()
    local group = {}
    local strand = states.new(group, 3, print)
    assert.equal("ready", strand.state)
    assert.equal(group, strand.group)
    assert.equal(3, strand.place)
    assert.is_true(states.tops[strand.co])
  end)

  it("makes the moves of the table and no others", function()
    for from in pairs(states.moves) do
      for to in pairs(states.moves) do
        local strand = strand_that_is(from)
        local ok, err = pcall(states.become, strand, to)
        assert.equal(states.moves[from][to] or false, ok)
        assert.equal(ok and to or from, strand.state)
        if not ok then
          assert.matches(("a strand that is %s cannot become %s"):format(from, to), err)
        end
      end
    end
  end)

  it("goes on only from a state in which it is ready", function()
    for from, next_states in pairs(states.moves) do
      assert.equal(from == "ready", next_states.running or false)
    end
  end)

  it("never leaves its end", function()
    assert.is_nil(next(states.moves.ended))
  end)
end)
