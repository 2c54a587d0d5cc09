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

local signal, begin, slot_of, deep = host.signal, host.begin, host.slot, host.deep
local lingers = host.lingers
local raw_create, raw_resume, raw_yield = coroutine.create, coroutine.resume, coroutine.yield
local raw_status = coroutine.status

local strands = {}

--- The coroutines of strands; to scripts they are no coroutines.
strands.tops = setmetatable({}, { __mode = "k" })

-- The set of a handler's strands, by the slot of its task. C empties the slot when the task ends,
-- however it ends. A weak table would keep the set for ever: a strand's stack leads to the
-- coroutine of its handler. LuaJIT, like Lua 5.1, has no ephemerons. The fields of a set:
--
-- - current: the strand that runs; nil: the handler itself
-- - waits: by number, the strand that waits for it
-- - ready: strands that go on before anything else does, in order
-- - spawned: the group of strands that the handler does not wait for; nobody uses their results
local sets = host.strands

local function behind_number(_number, ...)
  return ...
end

local function leave(set, strand, ok, result)
  local group = strand.group
  group.left = group.left - 1
  if ok then
    if group.results then
      group.results[strand.place] = result
    end
  else
    group.failed = group.failed or {}
    group.failed[strand.place] = { raised = result }
  end
  if group.left == 0 and group.waiter then
    set.ready[#set.ready + 1] = group.waiter
  end
end

local function await_for(set, strand, kind, argument)
  local number, refusal = begin(kind, argument)
  if number then
    set.waits[number] = strand
  else
    strand.refused = { -1, "refused", refusal }
    set.ready[#set.ready + 1] = strand
  end
end

-- Deals with a strand that has ended or has yielded. It yields for its own wish, or because its own
-- strands wait. Only a trusted script can yield otherwise, and nobody would resume it.
local function after(set, strand, before, ok, result, kind, argument)
  set.current = before
  if raw_status(strand.co) == "dead" then
    leave(set, strand, ok, result)
  elseif result ~= signal then
    leave(set, strand, false,
      "a function of router.all yielded outside a coroutine: use router.sleep or router.request")
  elseif kind then
    await_for(set, strand, kind, argument)
  end
end

local function go_on(set, strand, ...)
  local before = set.current
  strand.refused = nil
  set.current = strand
  after(set, strand, before, raw_resume(strand.co, ...))
end

local function run_ready(set)
  while set.ready[1] do
    local strand = table.remove(set.ready, 1)
    go_on(set, strand, unpack(strand.refused or {}))
  end
end

local function give(set, number, ...)
  local strand = set.waits[number]
  set.waits[number] = nil
  go_on(set, strand, number, ...)
end

-- Runs strands until the group has ended; only the handler itself calls it.
local function drive(set, group)
  run_ready(set)
  while group.left > 0 do
    give(set, raw_yield(signal))
    run_ready(set)
  end
end

-- Returns the outcome of the handler's own wait, and runs its strands until then. If no strand
-- waits for a number, it is the handler's.
local function beside(set, number, ...)
  if not set.waits[number] then
    return ...
  end
  give(set, number, ...)
  run_ready(set)
  return beside(set, raw_yield(signal))
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
  if not set.spawned and not set.current and sets[slot] == set then
    sets[slot] = nil
  end
end

local function start(set, group, place, run)
  local strand = { co = raw_create(run), group = group, place = place }
  strands.tops[strand.co] = true
  go_on(set, strand)
end

-- Raises the first error by position.
local function raise_first(group, count)
  for place = 1, count do
    if group.failed[place] then
      error(group.failed[place].raised, 0)
    end
  end
end

-- Makes the current strand wait until the group that it has begun has ended.
local function join(set, group)
  if group.left > 0 then
    group.waiter = set.current
    raw_yield(signal)
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
    start(set, group, place, functions[place])
  end
  local wait = set.current and join or drive
  wait(set, group)
  drop_idle(slot, set)
  if group.failed then
    raise_first(group, #functions)
  end
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
  start(set, group, group.count, run)
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
  drive(set, group)
  sets[slot] = nil
  if group.failed then
    raise_first(group, group.count)
  end
end

--- Has the worker do something, and waits until it is over.
--
-- @return what the worker answers; or "refused" and why, if the worker does not begin
function strands.await(kind, argument)
  local set = find_set()
  if set and not set.current then
    need_stack()
    run_ready(set)
    return beside(set, raw_yield(signal, kind, argument))
  end
  return behind_number(raw_yield(signal, kind, argument))
end

return strands
