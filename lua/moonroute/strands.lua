--- Strands: functions of one handler that run side by side (router.all, router.spawn), and what each
-- of them waits for.
--
-- A function that waits yields a wish to the worker: a kind and an argument. It is resumed with the
-- number of the wait that is over, and the outcome. If a handler runs strands, it resumes each
-- strand in a coroutine of its own, until the strand yields, and begins the strand's wait. Then the
-- handler yields to the worker for all strands. It gives each outcome to the strand that waits for
-- that number.

local host = require "moonroute.host"
local json = require "moonroute.json"
local states = require "moonroute.strand"

local signal, begin, slot_of, deep = host.signal, host.begin, host.slot, host.deep
local lingers = host.lingers
local new_strand, become = states.new, states.become
local raw_resume, raw_yield, raw_status = coroutine.resume, coroutine.yield, coroutine.status

local strands = { tops = states.tops }

-- The kind of a wish that never reaches the worker: the strand waits for the group that it has
-- begun. As with other wishes, nothing is noted before the wish has left the strand. Before that
-- nobody can know whether every coroutine between can yield.
local JOIN = "join"

-- Most values that the worker resumes a handler with.
local OUTCOME_MOST = 6

-- The wish of a handler that waits for its strands: the wishes of these have begun.
local NOTHING = { signal }

-- The set of a handler's strands, by the slot of its task. C empties the slot when the task ends,
-- however it ends. A weak table would keep the set for ever: a strand's stack leads to the
-- coroutine of its handler. LuaJIT, like Lua 5.1, has no ephemerons. The fields of a set:
--
-- - current: the strand that runs; nil: the handler itself
-- - waits: by number, the strand that waits for it
-- - ready: strands that are ready, in order
-- - spawned: the group of strands that the handler does not wait for; nobody uses their results
local sets = host.strands

local function behind_number(_number, ...)
  return ...
end

local function make_ready(set, strand, outcome)
  become(strand, "ready")
  strand.outcome = outcome
  set.ready[#set.ready + 1] = strand
end

local function note_result(group, place, ok, result)
  if not ok then
    group.failed = group.failed or {}
    group.failed[place] = { raised = result }
  elseif group.results then
    group.results[place] = result
  end
end

local function leave(set, strand, ok, result)
  local group = strand.group
  become(strand, "ended")
  note_result(group, strand.place, ok, result)
  group.left = group.left - 1
  if group.left == 0 and group.waiter then
    make_ready(set, group.waiter)
  end
end

local function join(strand, group)
  become(strand, "joining")
  group.waiter = strand
end

local function await_for(set, strand, kind, argument)
  local number, refusal = begin(kind, argument)
  if number then
    become(strand, "waiting")
    set.waits[number] = strand
  else
    make_ready(set, strand, { -1, "refused", refusal })
  end
end

-- Deals with a strand that has ended or has yielded for a wish. Only a trusted script can yield
-- otherwise, and nobody would resume it.
local function after(set, strand, before, ok, result, kind, argument)
  set.current = before
  if raw_status(strand.co) == "dead" then
    leave(set, strand, ok, result)
  elseif result ~= signal then
    leave(set, strand, false,
      "a function of router.all yielded outside a coroutine: use router.sleep or router.request")
  elseif kind == JOIN then
    join(strand, argument)
  else
    await_for(set, strand, kind, argument)
  end
end

local function go_on(set, strand, ...)
  local before = set.current
  become(strand, "running")
  set.current = strand
  after(set, strand, before, raw_resume(strand.co, ...))
end

-- Resumes a ready strand with the outcome of what it has waited for, if it was something.
local function go_on_with_outcome(set, strand)
  local outcome = strand.outcome
  strand.outcome = nil
  if outcome then
    go_on(set, strand, unpack(outcome, 1, OUTCOME_MOST))
  else
    go_on(set, strand)
  end
end

-- Gives the outcome to the strand that waits for its number.
local function wake(set, outcome)
  local number = outcome[1]
  local strand = set.waits[number]
  set.waits[number] = nil
  make_ready(set, strand, outcome)
end

-- Runs the strands of a handler until the group has ended. Without a group, runs them until the
-- handler's own wish is fulfilled, and returns its outcome. If no strand waits for a number, it is
-- the handler's. Only the handler itself calls this.
local function serve(set, group, wish)
  while true do
    local strand = table.remove(set.ready, 1)
    if strand then
      go_on_with_outcome(set, strand)
    elseif group and group.left == 0 then
      return
    else
      local outcome = { raw_yield(unpack(wish)) }
      wish = NOTHING
      if not group and not set.waits[outcome[1]] then
        return unpack(outcome, 2, OUTCOME_MOST)
      end
      wake(set, outcome)
    end
  end
end

-- Raises if the stack is too deep. Called before a strand is counted: if a strand were counted but
-- not begun, its group would wait without end.
local function need_stack()
  if deep() then
    error("C stack overflow", 0)
  end
end

-- @return the set, nil if the handler runs no strands or no message is being handled; and the slot
local function find_set()
  local slot = slot_of()
  return sets[slot], slot
end

local function need_set()
  local set, slot = find_set()
  if not set then
    set = { waits = {}, ready = {} }
    sets[slot] = set
  end
  return set, slot
end

local function drop_idle(slot, set)
  if not set.spawned and not set.current and not next(set.waits) and sets[slot] == set then
    sets[slot] = nil
  end
end

-- Waits until the group has ended, as the handler itself or as the strand that has begun the group.
local function wait_for(set, group)
  if not set.current then
    serve(set, group, NOTHING)
  elseif group.left > 0 then
    raw_yield(signal, JOIN, group)
  end
end

-- Raises the first error by position.
local function raise_first(group, count)
  for place = 1, group.failed and count or 0 do
    if group.failed[place] then
      error(group.failed[place].raised, 0)
    end
  end
end

--- Runs the functions side by side until all have ended.
--
-- @return the list of what they returned (the first value of each)
-- @raise the first error by position
function strands.all(functions)
  need_stack()
  local set, slot = need_set()
  local group = { left = #functions, results = setmetatable({}, json.array) }
  for place = 1, #functions do
    go_on(set, new_strand(group, place, functions[place]))
  end
  wait_for(set, group)
  drop_idle(slot, set)
  raise_first(group, #functions)
  return group.results
end

--- Runs the function until it waits. It goes on beside the handler, and after the handler has
-- returned.
function strands.spawn(run)
  need_stack()
  local set = need_set()
  local group = set.spawned or { left = 0, count = 0 }
  set.spawned = group
  group.left, group.count = group.left + 1, group.count + 1
  lingers()
  go_on(set, new_strand(group, group.count, run))
end

--- Continues a handler that has returned: waits until all that it has spawned has ended.
--
-- @raise the first error by position
function strands.finish()
  local set, slot = find_set()
  if not set then -- spawned by a spawned function: the last call waited for both
    return
  end
  local group = set.spawned
  serve(set, group, NOTHING)
  sets[slot] = nil
  raise_first(group, group.count)
end

--- Has the worker do something, and waits until it is over.
--
-- @return what the worker answers; or "refused" and why, if the worker does not begin
function strands.await(kind, argument)
  local set = find_set()
  if set and not set.current then
    need_stack()
    return serve(set, nil, { signal, kind, argument })
  end
  return behind_number(raw_yield(signal, kind, argument))
end

return strands
