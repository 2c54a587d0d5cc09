--- Strands: functions of one handler side by side (router.all), and what any of them waits for.
--
-- Who waits yields a wish to the worker, its kind and its argument, and is resumed with the number of
-- what is over and the outcome. A handler that runs strands resumes each, in a coroutine of its own,
-- until it yields; has begun what it wishes; yields to the worker for all of them; and gives each
-- outcome to the strand that waits for that number.

local host = require "moonroute.host"
local json = require "moonroute.json"

local signal, begin, top, deep = host.signal, host.begin, host.top, host.deep
local raw_create, raw_resume, raw_yield = coroutine.create, coroutine.resume, coroutine.yield
local raw_status = coroutine.status

local strands = {}

--- The coroutines that strands begin with: to scripts they are no coroutines.
strands.tops = setmetatable({}, { __mode = "k" })

-- What the strands of a handler share, by the handler's coroutine:
-- current  the strand that runs; nil: the handler itself
-- waits    by number, the strand that waits for it
-- ready    strands that go on before anything else does, in order
local sets = setmetatable({}, { __mode = "k" })

local function behind_number(_number, ...)
  return ...
end

local function leave(set, strand, ok, result)
  local group = strand.group
  group.left = group.left - 1
  if ok then
    group.results[strand.place] = result
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

-- The strand has ended; or it has yielded, for what it wishes or for strands of its own. Only a
-- trusted script can yield otherwise, to nobody.
local function after(set, strand, before, ok, result, kind, argument)
  set.current = before
  if raw_status(strand.co) == "dead" then
    leave(set, strand, ok, result)
  elseif result ~= signal then
    leave(set, strand, false, "a function of router.all yielded to nobody")
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

local function give(set, number, ...)
  local strand = set.waits[number]
  set.waits[number] = nil
  go_on(set, strand, number, ...)
end

-- By the handler itself.
local function drive(set, group)
  while group.left > 0 do
    local strand = table.remove(set.ready, 1)
    if strand then
      go_on(set, strand, unpack(strand.refused or {}))
    else
      give(set, raw_yield(signal))
    end
  end
end

local function start(set, group, place, run)
  local strand = { co = raw_create(run), group = group, place = place }
  strands.tops[strand.co] = true
  go_on(set, strand)
end

-- The first by position.
local function raise_first(group, count)
  for place = 1, count do
    if group.failed[place] then
      error(group.failed[place].raised, 0)
    end
  end
end

--- Runs the functions side by side until all have ended.
-- @return the list of what they returned (the first value of each)
-- @raise what the first of them, by position, has raised
function strands.all(functions)
  local co = top()
  local outermost = not sets[co]
  local set = sets[co] or { waits = {}, ready = {} }
  local group = { left = #functions, results = setmetatable({}, json.array) }
  if deep() then
    error("C stack overflow", 0)
  end
  sets[co] = set
  for place = 1, #functions do
    start(set, group, place, functions[place])
  end
  if outermost then
    drive(set, group)
    sets[co] = nil
  elseif group.left > 0 then
    group.waiter = set.current
    raw_yield(signal)
  end
  if group.failed then
    raise_first(group, #functions)
  end
  return group.results
end

--- Has the worker do something, and waits until it is over.
-- @return what the worker answers; "refused" and why, where it does not begin
function strands.await(kind, argument)
  return behind_number(raw_yield(signal, kind, argument))
end

return strands
