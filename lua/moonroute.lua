--- The router, as handler scripts know it:
--
--     local router = require "moonroute"
--
-- Times and delays are in milliseconds. Functions that wait (request, sleep) let the worker do
-- other things meanwhile; they may be called anywhere in a handler, also inside pcall and in
-- coroutines of the script, but not while a script loads.
-- @module moonroute

local apart = require "moonroute.apart"
local breaker = require "moonroute.breaker"
local fault = require "moonroute.fault"
local host = require "moonroute.host"
local json = require "moonroute.json"
local log = require "moonroute.log"
local record = require "moonroute.record"
local strands = require "moonroute.strands"

local router = {}

--- JSON's null. As a reply: an empty successful one. As a published value: Kafka's null (a
-- tombstone). Equal to `cjson.null`.
router.null = json.null

--- Writes to the router's log: `router.log("text")`, or at a level: `router.log.debug`, `info`,
-- `warn`, `error`, each taking a text and optionally a table of fields. The script's name, and
-- topic and offset of the message being handled, are added.
-- @function log
-- @tparam string message
-- @tparam[opt] table fields name to string, number or boolean
-- @usage router.log.warn("price is stale", { symbol = "BTC", age = 12 })
router.log = log

-- Raises in the script where no message is being handled.
local function needs_message(name)
  if apart.name() then
    error(("router.%s: not while a script loads"):format(name), 3)
  elseif not host.handling() then
    error(("router.%s: no message is being handled"):format(name), 3)
  end
end

local PUBLISH_OPTIONS = { key = true, headers = true, partition = true, timestamp = true }

--- Sends a record and returns at once. The message being handled is done only when the record is
-- acknowledged; a delivery that fails later is a failure of the message.
-- @tparam string topic
-- @param value anything that JSON can say; `router.null` publishes a null value
-- @tparam[opt] table options
-- @tparam[opt] string|number options.key default: `value.id` or `value.messageId`; `router.null`:
-- none
-- @tparam[opt] table options.headers name to value, or an ordered list of `{ name, value }`; values
-- are strings, numbers or booleans
-- @tparam[opt] number options.partition default: chosen by the key
-- @tparam[opt] number options.timestamp default: now
-- @raise a text, where topic, value or an option is impossible
function router.publish(topic, value, options)
  needs_message("publish")
  local made, err = record.make(PUBLISH_OPTIONS, topic, value, options, record.key_of(value))
  if made then
    err = host.publish(made)
  end
  if err then
    error("router.publish: " .. err, 2)
  end
end

local REQUEST_OPTIONS = {
  timeout = true, reply_to = true, headers = true, key = true, partition = true, dialect = true,
}

-- The fields of an error reply, whatever of them it has; one that is a text is its message.
local function raise_error_reply(reply)
  local given = type(reply) == "table" and reply or { message = reply }
  local kind = type(given.message)
  error({
    statusCode = type(given.statusCode) == "number" and given.statusCode or 500,
    message = (kind == "string" or kind == "table") and fault.message(given.message) or "Unknown error occurred",
    error = type(given.error) == "string" and given.error or "InternalServerError",
  }, 0)
end

-- The envelope of kafka-client is an object with a boolean `success`; a reply without it is
-- returned as it is.
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

--- Asks another service and waits for its answer.
-- @tparam string topic
-- @param value anything that JSON can say
-- @tparam[opt] table options
-- @tparam[opt] number options.timeout ms, at least 1; default: what is left until `context.deadline`
-- of a request, for an event rpc.timeout of the configuration
-- @tparam[opt] string options.reply_to topic of the answer; default: `x-responses` for
-- `x-commands`, else `<topic>-responses`
-- @tparam[opt] table options.headers sent beside those of the dialect; as for `publish`
-- @tparam[opt] string|number options.key default: the correlation id
-- @tparam[opt] number options.partition default: chosen by the key
-- @tparam[opt="kafka-client"] string options.dialect how the other service is asked and how its
-- answer is read: `kafka-client`, `plain`, `nestjs` or `spring`; in the last two a request has no key
-- unless one is given, and in nestjs strings, numbers and booleans travel bare
-- @return the answer's data
-- @treturn table its headers, name to value
-- @raise `{ statusCode, message, error }`: the error reply; 504 `RequestTimeout` where none came in
-- time; 502 `RequestFailed` where the request was refused (its message says why); 502 `BadReply` where
-- its answer is not JSON. A text, where topic, value or an option is impossible.
function router.request(topic, value, options)
  needs_message("request")
  local made, err = record.make(REQUEST_OPTIONS, topic, value, options)
  if not made then
    error("router.request: " .. err, 2)
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
    error("router.sleep: expected milliseconds, got " .. tostring(milliseconds), 2)
  end
  local outcome, err = strands.await("sleep", math.floor(math.min(math.max(milliseconds, 0), 2 ^ 53)))
  if outcome ~= "done" then
    error("router.sleep: " .. err, 2)
  end
end

-- The functions of a list, in one of our own: what runs may change the script's.
-- @return the list, or nil and what is wrong
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

--- Runs functions at once, each until it waits (request, sleep) or ends, and waits for all of them:
--
--     local answers = router.all {
--       function() return router.request("prices-commands", { symbol = "BTC" }) end,
--       function() return router.request("limits-commands", { account = 7 }) end,
--     }
--
-- @tparam table functions a list
-- @treturn table what each returned, the first value of each, by its position; an array (router.array)
-- @raise what the first of them, by position, has raised, once all have ended
function router.all(functions)
  needs_message("all")
  local taken, wrong = take_functions(functions)
  if not taken then
    error("router.all: " .. wrong, 2)
  end
  return strands.all(taken)
end

--- Runs a function beside the handler: for work that the reply does not wait for, but the message does. It
-- runs at once until it waits, and goes on when the handler waits and after it has returned; the
-- message is done, and its offset committed, when it has ended. What it raises is a failure of the
-- message, which is retried or goes to the dead letters; it is not answered a second time. A handler
-- that raises ends what it has spawned. In exactly-once the reply leaves with all else, at the end.
-- @tparam function run
-- @usage router.spawn(function() router.request("audit-commands", entry) end)
function router.spawn(run)
  needs_message("spawn")
  if type(run) ~= "function" then
    error("router.spawn: expected a function, got a " .. type(run), 2)
  end
  strands.spawn(run)
end

--- Ends the handler with an error reply; a 5xx of an event is retried, a 4xx is not.
-- @tparam[opt=500] number status 400 to 599
-- @tparam[opt="Unknown error occurred"] string message
-- @tparam[opt="InternalServerError"] string name
function router.fail(status, message, name)
  error({ statusCode = status or 500, message = message, error = name }, 0)
end

--- Ends the handler; the message is handled again later.
-- @tparam number milliseconds
-- @tparam[opt] string message
function router.retry(milliseconds, message)
  if type(milliseconds) ~= "number" then
    error("router.retry: expected milliseconds, got " .. tostring(milliseconds), 2)
  end
  error({ retry_after = milliseconds, message = message }, 0)
end

--- Ends the handler; the message goes to the dead-letter topic at once.
-- @tparam[opt] string message
function router.reject(message)
  error({ retryable = false, message = message }, 0)
end

--- The circuit breaker of that name, for calls that may fail for a while:
--
--     local payments = router.breaker("payments", { failures = 5, reset = 10000 })
--     local receipt = payments:call(router.request, "payments-commands", order)
--
-- `breaker:call(f, ...)`, or `breaker(f, ...)`, calls f and returns what it returns or raises what it
-- raises. Failures in a row open the breaker: calls then raise at once, without calling, until
-- `reset` has passed and a trial is let through. One that goes well closes it, one that fails opens
-- it again. All that is raised is a failure, except a `statusCode` of 4xx: that is an answer.
-- `breaker:state()` is "closed", "open" or "half-open", `breaker.name` its name.
--
-- All scripts of a worker share the breaker of a name, also across reloads; the options given last
-- are in force. The log tells of each change, the metric `circuit_breaker_state` of the state.
-- @tparam string name
-- @tparam[opt] table options
-- @tparam[opt=5] number options.failures in a row that open it
-- @tparam[opt=30000] number options.reset ms from there to the first trial
-- @tparam[opt=1] number options.half_open how many trials are let through at once
-- @treturn table the breaker
-- @raise a text, where name or an option is impossible. Calls raise `{ statusCode = 503, message =
-- 'Circuit breaker "payments" is open', error = "CircuitBreakerOpen" }` while it is open.
function router.breaker(name, options)
  local made, err = breaker.get(name, options)
  if not made then
    error("router.breaker: " .. err, 2)
  end
  return made
end

--- Marks a table as an array, so that an empty one is written as `[]`.
-- @tparam[opt] table list default: a new one
-- @treturn table the same table
function router.array(list)
  list = list or {}
  if debug.getmetatable(list) ~= json.array then
    setmetatable(list, json.array)
  end
  return list
end

--- A new random UUID.
-- @treturn string 36 characters, lower case
function router.uuid()
  return host.uuid()
end

--- The time of day.
-- @treturn number ms since 1970-01-01T00:00:00Z
function router.now()
  return host.now()
end

--- A variable of the environment.
-- @tparam string name
-- @treturn ?string its value; nil where it is not set, and where the name is that of a secret (it
-- contains PASSWORD, SECRET, TOKEN, CREDENTIAL or PRIVATE_KEY, or ends in _FILE)
function router.env(name)
  if type(name) ~= "string" then
    error("router.env: expected a name, got a " .. type(name), 2)
  end
  return host.env(name)
end

return router
