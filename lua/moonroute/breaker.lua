--- Circuit breakers: if calls fail again and again, later calls are refused for a while. There is
-- one breaker per name and worker. It outlives the scripts that use it, so a reload can change its
-- options, but not its state.

local fault = require "moonroute.fault"
local host = require "moonroute.host"
local sandbox = require "moonroute.sandbox"

local breaker = {}

-- The scoreboard has room for this many breakers, and for names of this many bytes.
local NAMES_MAX, NAME_LENGTH_MAX = 256, 64

local DAY = 24 * 60 * 60 * 1000

local defaults = { failures = 5, reset = 30000, half_open = 1 }
local most = { failures = 1e6, reset = DAY, half_open = 1e6 }

-- Breakers by name, each with options, state and epoch (how often the state has changed). Closed:
-- `failed` counts failures in a row. Open: `since` is when it opened. Half-open: `trials` counts
-- the calls that were let through, and `since` is when the last of them was.
local breakers, count = {}, 0

local function enter_state(self, state)
  self.state = state
  self.epoch = self.epoch + 1
  self.failed, self.trials = 0, 0
  self.since = host.clock()
  host.breaker_state(self.name, state)
end

-- Makes an open breaker half-open if it is time for a trial.
local function settle(self)
  if self.state == "open" and host.clock() - self.since >= self.options.reset then
    enter_state(self, "half-open")
  end
end

-- Returns true if a call may go on. If the handler of a trial was abandoned, the trial never
-- reports a result. So after another `reset`, further trials are let through.
local function is_let_through(self)
  settle(self)
  if self.state == "half-open" then
    if self.trials >= self.options.half_open and host.clock() - self.since < self.options.reset then
      return false
    end
    self.trials = self.trials % self.options.half_open + 1
    self.since = host.clock()
  end
  return self.state ~= "open"
end

local function succeeded(self)
  if self.state == "closed" then
    self.failed = 0
  else
    enter_state(self, "closed")
  end
end

local function failed(self)
  self.failed = self.failed + 1
  if self.state == "half-open" or self.failed >= self.options.failures then
    enter_state(self, "open")
  end
end

-- Returns true for an error with a statusCode of 4xx: it is an answer, so the service works.
local function is_answer(raised)
  local _, _, _, status = fault.classify(raised)
  return status < 500
end

-- Returns or raises what the call did. The call counts only if the state has not changed since it
-- began.
local function finish(self, epoch, ok, ...)
  local went_well = ok or is_answer((...))
  if self.epoch == epoch then
    (went_well and succeeded or failed)(self)
  end
  if not ok then
    error((...), 0)
  end
  return ...
end

local function call(self, run, ...)
  if not is_let_through(self) then
    host.breaker_rejected(self.name)
    error({
      statusCode = 503,
      message = ("Circuit breaker %q is open"):format(self.name),
      error = "CircuitBreakerOpen",
    }, 0)
  end
  return finish(self, self.epoch, pcall(run, ...))
end

local function is_callable(value)
  local meta = debug.getmetatable(value)
  return type(value) == "function" or type(meta) == "table" and rawget(meta, "__call") ~= nil
end

-- Returns what a script gets of a breaker: a handle that shows nothing of the breaker itself.
local function handle(self)
  local function checked(_, run, ...)
    if not is_callable(run) then
      host.mistake(("breaker %q: expected a function to call, got a %s"):format(self.name, type(run)), 2)
    end
    return call(self, run, ...)
  end
  local function state()
    settle(self)
    return self.state
  end
  return sandbox.freeze("breaker", setmetatable(
    { call = checked, state = state, name = self.name }, { __call = checked }))
end

local function shown(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

local function option_error(name, value)
  if not defaults[name] then
    return ("unknown option '%s'"):format(tostring(name))
  elseif type(value) ~= "number" or value % 1 ~= 0 or value < 1 or value > most[name] then
    return ("%s: expected a whole number of 1 to %d, got %s"):format(name, most[name], shown(value))
  end
  return nil
end

local function options_error(options)
  if options ~= nil and type(options) ~= "table" then
    return "options: expected a table, got a " .. type(options)
  end
  for name, value in pairs(options or {}) do
    local err = option_error(name, value)
    if err then
      return err
    end
  end
  return nil
end

local function name_error(name)
  if type(name) ~= "string" then
    return "name: expected a string, got a " .. type(name)
  elseif #name > NAME_LENGTH_MAX or not name:find("^[%w][%w ._:/-]*$") then
    return ("name: expected a letter or digit first, then letters, digits, spaces or any of ._:/-, "
      .. "at most %d in all, got %s"):format(NAME_LENGTH_MAX, shown(name:sub(1, 2 * NAME_LENGTH_MAX)))
  elseif not breakers[name] and count >= NAMES_MAX then
    return ("there are %d breakers already: is the name made from a message?"):format(NAMES_MAX)
  end
  return nil
end

local function make(name)
  breakers[name] = { name = name, options = defaults, state = "closed", epoch = 0, failed = 0, trials = 0 }
  count = count + 1
  host.breaker_state(name, "closed")
end

--- Returns the handle of a breaker, which is made if it is new.
-- @return the handle, or nil and what is wrong
function breaker.get(name, options)
  local err = name_error(name) or options_error(options)
  if err then
    return nil, err
  elseif not breakers[name] then
    make(name)
  end
  local self = breakers[name]
  if options then
    self.options = setmetatable({}, { __index = defaults })
    for option, value in pairs(options) do
      self.options[option] = value
    end
  end
  return handle(self)
end

return breaker
