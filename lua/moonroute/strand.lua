--- One strand: a function of a handler in a coroutine of its own, and its state.
--
-- - ready: goes on before anything else does, with `outcome` if the strand has waited for one
-- - running: is on the CPU, or has begun a strand that is
-- - waiting: the worker does something for the strand
-- - joining: goes on when the strands of its own router.all have ended
-- - ended: has returned or raised
--
-- The states that may follow each state:
local moves = {
  ready = { running = true },
  running = { ready = true, waiting = true, joining = true, ended = true },
  waiting = { ready = true },
  joining = { ready = true },
  ended = {},
}

local raw_create = coroutine.create

local states = { moves = moves }

--- The coroutines of strands; to scripts they are no coroutines.
states.tops = setmetatable({}, { __mode = "k" })

--- Makes a strand that is ready.
-- @param group the strands that one call of router.all has begun, or all that were spawned
-- @tparam number place in the group
-- @tparam function run
function states.new(group, place, run)
  local strand = { co = raw_create(run), group = group, place = place, state = "ready" }
  states.tops[strand.co] = true
  return strand
end

--- Changes the state; nothing else does.
-- @raise if the table does not have the move
function states.become(strand, state)
  if not moves[strand.state][state] then
    error(("a strand that is %s cannot become %s"):format(strand.state, state), 2)
  end
  strand.state = state
end

return states
