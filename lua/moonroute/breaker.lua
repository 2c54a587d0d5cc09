--- Circuit breakers: while what is called fails again and again it is not called. One breaker a name
-- and worker; it outlives the scripts that use it, so that a reload changes its options, not its
-- state.

local fault = require "moonroute.fault"
local host = require "moonroute.host"
local sandbox = require "moonroute.sandbox"

local breaker = {}

-- The scoreboard has room for as many.
local NAMES_MAX, NAME_LENGTH_MAX = 256, 64

local DAY = 24 * 60 * 60 * 1000

local defaults = { failures = 5, reset = 30000, half_open = 1 }
local most = { failures = 1e6, reset = DAY, half_open = 1e6 }

-- By name: options, state, epoch (how often the state has changed), and failures in a row (closed),
-- since (open), or trials and since (half-open: how many calls were let through, the last one when).
local breakers, count = {}, 0

local function enter_state(self, state)
  self.state = state
  self.epoch = self.epoch + 1
  self.failed, self.trials = 0, 0
  self.since = host.clock()
  host.breaker_state(self.name, state)
end

-- Opens the way for a trial when it is time.
local function settle(self)
  if self.state == "open" and host.clock() - self.since >= self.options.reset then
    enter_state(self, "half-open")
  end
end

-- A trial whose handler was given up never tells how it went; after the same time again others are
-- let through.
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

-- An error reply of 4xx is an answer: the callee is well.
local function is_answer(raised)
  local kind, _, _, status = fault.classify(raised)
  return kind == "status" and status < 500
end

-- How a call went counts only if nothing was decided since it began.
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

-- What a script gets: nothing of the breaker itself.
local function handle(self)
  local function checked(_, run, ...)
    if not is_callable(run) then
      error(("breaker %q: expected a function to call, got a %s"):format(self.name, type(run)), 2)
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
    return ("name: expected a letter or digit, then these, spaces or any of ._:/-, %d at most, got %s")
      :format(NAME_LENGTH_MAX, shown(name:sub(1, 2 * NAME_LENGTH_MAX)))
  elseif not breakers[name] and count >= NAMES_MAX then
    return ("there are %d already: is its name made of a message?"):format(NAMES_MAX)
  end
  return nil
end

local function make(name)
  breakers[name] = { name = name, options = defaults, state = "closed", epoch = 0, failed = 0, trials = 0 }
  count = count + 1
  host.breaker_state(name, "closed")
end

--- @return the breaker of that name, or nil and what is wrong
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
