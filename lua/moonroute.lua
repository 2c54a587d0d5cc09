--- The router, as handler scripts know it:
--
--     local router = require "moonroute"
--
-- Times and delays are in milliseconds. Functions that wait (request, sleep) let the worker do
-- other things meanwhile. A handler may call them anywhere, also inside pcall and in coroutines of
-- the script. A script that is still loading may not.
-- @module moonroute

local apart = require "moonroute.apart"
local breaker = require "moonroute.breaker"
local fault = require "moonroute.fault"
local host = require "moonroute.host"
local json = require "moonroute.json"
local log = require "moonroute.log"
local record = require "moonroute.record"
local strands = require "moonroute.strands"

local mistake = host.mistake

local router = {}

--- JSON's null. If a handler returns it, the reply is empty and successful. If it is published, the
-- record has Kafka's null (a tombstone). Equal to `cjson.null`.
router.null = json.null

--- Writes to the router's log: `router.log("text")`, or at a level: `router.log.debug`, `info`,
-- `warn` or `error`. Each takes a text and, optionally, a table of fields. The script's name is
-- added, and so are topic, partition and offset of the message.
--
-- @function log
-- @tparam string message
-- @tparam[opt] table fields name to string, number or boolean
--
-- @usage router.log.warn("price is stale", { symbol = "BTC", age = 12 })
router.log = log

-- Raises in the script if no message is being handled.
local function needs_message(name)
  if apart.name() then
    mistake(("router.%s: cannot be called while a script loads"):format(name), 3)
  elseif not host.handling() then
    mistake(("router.%s: no message is being handled"):format(name), 3)
  end
end

local PUBLISH_OPTIONS = { key = true, headers = true, partition = true, timestamp = true }

--- Sends a record and returns at once. The message being handled is done only when the record is
-- acknowledged. If the delivery fails later, the message fails.
--
-- @tparam string topic
-- @param value anything that JSON can express; `router.null` publishes a null value
-- @tparam[opt] table options
--
-- @tparam[opt] string|number options.key default: `value.id` or `value.messageId`; if it is
-- `router.null`, the record has no key
--
-- @tparam[opt] table options.headers name to value, or an ordered list of `{ name, value }`; values
-- are strings, numbers or booleans
--
-- @tparam[opt] number options.partition default: chosen by the key
-- @tparam[opt] number options.timestamp default: now
--
-- @raise a text, if topic, value or an option is impossible
function router.publish(topic, value, options)
  needs_message("publish")
  local made, err = record.make(PUBLISH_OPTIONS, topic, value, options, record.key_of(value))
  if not made then
    mistake("router.publish: " .. err, 2)
  end
  err = host.publish(made)
  if err then
    error("router.publish: " .. err, 2)
  end
end

local REQUEST_OPTIONS = {
  timeout = true, reply_to = true, headers = true, key = true, partition = true, dialect = true,
}

-- Raises the fields that an error reply has. If the reply is a text, that is its message.
local function raise_error_reply(reply)
  local given = type(reply) == "table" and reply or { message = reply }
  local kind = type(given.message)
  error({
    statusCode = type(given.statusCode) == "number" and given.statusCode or 500,
    message = (kind == "string" or kind == "table") and fault.message(given.message) or "Unknown error occurred",
    error = type(given.error) == "string" and given.error or "InternalServerError",
  }, 0)
end

-- Returns the data and headers of a reply, or raises its error. The envelope of kafka-client is an
-- object with a boolean `success`; a reply without it is returned as it is.
local function unwrap(reply, headers, enveloped, is_error)
  local success
  if enveloped and type(reply) == "table" then
    success = reply.success
  end
  if is_error or success == false then
    raise_error_reply(reply)
  elseif success == true then
    return reply.data, headers
  end
  return reply, headers
end

--- Sends a request to another service and waits for its answer.
--
-- @tparam string topic
-- @param value anything that JSON can express
-- @tparam[opt] table options
--
-- @tparam[opt] number options.timeout ms, at least 1. Default for a request: the time left until
-- `context.deadline`; for an event: rpc.timeout of the configuration
--
-- @tparam[opt] string options.reply_to topic of the answer; default: `x-responses` for
-- `x-commands`, else `<topic>-responses`
--
-- @tparam[opt] table options.headers sent beside those of the dialect; as for `publish`
--
-- @tparam[opt] string|number options.key default: the correlation id
-- @tparam[opt] number options.partition default: chosen by the key
--
-- @tparam[opt="kafka-client"] string options.dialect how the request is written and its answer is
-- read: `kafka-client`, `plain`, `nestjs` or `spring`. In the last two a request has no key if none
-- is given. In nestjs strings, numbers and booleans travel bare.
--
-- @return the answer's data
-- @treturn table its headers, name to value
--
-- @raise `{ statusCode, message, error }`, which is the error reply, or 504 `RequestTimeout` if no
-- answer came in time. If the request was refused, 502 `RequestFailed`, whose message has the
-- reason. If the answer is not JSON, 502 `BadReply`. If topic, value or an option is impossible, a
-- text.
function router.request(topic, value, options)
  needs_message("request")
  local made, err = record.make(REQUEST_OPTIONS, topic, value, options)
  if not made then
    mistake("router.request: " .. err, 2)
  end
  local outcome, a, b, c, d = strands.await("request", made)
  if outcome == "reply" then
    return unwrap(a, b, c, d)
  elseif outcome == "status" then
    error({ statusCode = a, message = b, error = c }, 0)
  end
  error("router.request: " .. a, 2)
end

--- Waits.
-- @tparam number milliseconds
function router.sleep(milliseconds)
  needs_message("sleep")
  if type(milliseconds) ~= "number" or milliseconds ~= milliseconds then
    mistake("router.sleep: expected milliseconds, got " .. tostring(milliseconds), 2)
  end
  local outcome, err = strands.await("sleep", math.floor(math.min(math.max(milliseconds, 0), 2 ^ 53)))
  if outcome ~= "done" then
    error("router.sleep: " .. err, 2)
  end
end

-- Copies the functions of a list, because code that runs may change the script's list.
-- @return the copy, or nil and what is wrong
local function take_functions(functions)
  if type(functions) ~= "table" then
    return nil, "expected a list of functions, got a " .. type(functions)
  end
  if #functions == 0 and next(functions) ~= nil then
    return nil, "expected a list of functions, got a table of names"
  end
  local taken = {}
  for place = 1, #functions do
    taken[place] = functions[place]
    if type(taken[place]) ~= "function" then
      return nil, ("expected functions, got a %s at place %d"):format(type(taken[place]), place)
    end
  end
  return taken
end

--- Runs functions at the same time and waits for all of them. Each runs at once until it waits
-- (request, sleep) or ends:
--
--     local answers = router.all {
--       function() return router.request("prices-commands", { symbol = "BTC" }) end,
--       function() return router.request("limits-commands", { account = 7 }) end,
--     }
--
-- @tparam table functions a list
-- @treturn table the first value that each function returned, by position; an array (router.array)
--
-- @raise if functions raise, the error of the first of them by position, once all have ended
function router.all(functions)
  needs_message("all")
  local taken, wrong = take_functions(functions)
  if not taken then
    mistake("router.all: " .. wrong, 2)
  end
  return strands.all(taken)
end

--- Runs a function beside the handler, for work that the message waits for, but the reply does not.
-- It runs at once until it waits. It goes on when the handler waits, and after the handler has
-- returned. When it has ended, the message is done and its offset is committed.
--
-- If it raises, the message fails, and is retried or goes to the dead letters. It is not answered a
-- second time. If the handler raises, the functions that it has spawned end. In exactly-once the
-- reply leaves with everything else, at the end.
--
-- @tparam function run
--
-- @usage router.spawn(function() router.request("audit-commands", entry) end)
function router.spawn(run)
  needs_message("spawn")
  if type(run) ~= "function" then
    mistake("router.spawn: expected a function, got a " .. type(run), 2)
  end
  strands.spawn(run)
end

--- Ends the handler with an error reply. For an event, a 5xx is retried and a 4xx is not.
--
-- @tparam[opt=500] number status 400 to 599
-- @tparam[opt="Unknown error occurred"] string message
-- @tparam[opt="InternalServerError"] string name
function router.fail(status, message, name)
  error({ statusCode = status or 500, message = message, error = name }, 0)
end

--- Ends the handler; the message is handled again later. After the last retry a request gets an
-- error reply 503. For another status, raise `{ retry_after = milliseconds, statusCode = 429 }`.
--
-- @tparam number milliseconds at most a year; a longer delay counts as a year
-- @tparam[opt] string message
function router.retry(milliseconds, message)
  if type(milliseconds) ~= "number" then
    mistake("router.retry: expected milliseconds, got " .. tostring(milliseconds), 2)
  end
  error({ retry_after = milliseconds, message = message }, 0)
end

--- Ends the handler; the message goes to the dead-letter topic at once. A request gets an error reply
-- 500. For another status, raise `{ retryable = false, statusCode = 422 }`.
--
-- @tparam[opt] string message
function router.reject(message)
  error({ retryable = false, message = message }, 0)
end

--- Returns the circuit breaker of that name, for calls that may fail for a while:
--
--     local payments = router.breaker("payments", { failures = 5, reset = 10000 })
--     local receipt = payments:call(router.request, "payments-commands", order)
--
-- `breaker:call(f, ...)`, or `breaker(f, ...)`, calls f and returns what it returns or raises what it
-- raises. Failures in a row open the breaker. Calls then raise at once, without calling f, until
-- `reset` has passed and a trial is let through. If the trial succeeds, the breaker closes; if it
-- fails, the breaker opens again. Every error is a failure, except a `statusCode` of 4xx, which is an
-- answer. `breaker:state()` is "closed", "open" or "half-open"; `breaker.name` is its name.
--
-- All scripts of a worker share the breaker of a name, also across reloads; the latest options are
-- in force. The log reports each change, the metric `circuit_breaker_state` the state.
--
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt=5] number options.failures in a row that open it
--
-- @tparam[opt=30000] number options.reset ms from the opening to the first trial
-- @tparam[opt=1] number options.half_open trials let through at once
--
-- @treturn table the breaker
--
-- @raise a text, if name or an option is impossible. If the breaker is open, a call raises
-- `{ statusCode = 503, message = 'Circuit breaker "payments" is open', error = "CircuitBreakerOpen" }`.
function router.breaker(name, options)
  local made, err = breaker.get(name, options)
  if not made then
    mistake("router.breaker: " .. err, 2)
  end
  return made
end

--- Marks a table as an array, so that it is written as `[]` if it is empty.
--
-- @tparam[opt] table list default: a new table
-- @treturn table the same table
function router.array(list)
  list = list == nil and {} or list
  if type(list) ~= "table" then
    mistake("router.array: expected a table, got a " .. type(list), 2)
  end
  if debug.getmetatable(list) ~= json.array then
    setmetatable(list, json.array)
  end
  return list
end

--- Returns a new random UUID.
-- @treturn string 36 characters, lower case
function router.uuid()
  return host.uuid()
end

--- Returns the time of day.
-- @treturn number ms since 1970-01-01T00:00:00Z
function router.now()
  return host.now()
end

--- Returns a variable of the environment.
-- @tparam string name
--
-- @treturn ?string its value. nil if it is not set, or if it looks like a secret that `env.allow`
-- does not name. The name of a secret has a word such as PASSWORD, PASS, PWD, SECRET, TOKEN, KEY,
-- CREDENTIAL, AUTH or DSN, or ends in _FILE. A URL with a login is a secret, too.
function router.env(name)
  if type(name) ~= "string" then
    mistake("router.env: expected a name, got a " .. type(name), 2)
  end
  return host.env(name)
end

return router
