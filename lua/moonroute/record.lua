--- Checks the arguments of router.publish and router.request, and makes records of them for C.

local headers = require "moonroute.headers"
local host = require "moonroute.host"
local integer = require "moonroute.integer"
local json = require "moonroute.json"

local record = {}

local null = json.null

local PARTITION_MAX = 2 ^ 31 - 1

local function is_whole(value, least, most)
  return type(value) == "number" and value >= least and value <= most and value % 1 == 0
end

local function topic_error(topic)
  if type(topic) ~= "string" then
    return "topic: expected a string, got a " .. type(topic)
  elseif not host.is_topic(topic) then
    return ("topic: '%s' is not a name that a Kafka topic can have"):format(topic)
  end
  return nil
end

-- Returns the value as JSON, nil for null. If `bare`, returns a string as it is, but encodes it all
-- the same, to check that it is text.
--
-- @return the text, or nil and what is wrong
local function encode(value, bare)
  if value == nil then
    return nil, "value: expected a value, got nil (router.null sends a null value)"
  elseif value == null then
    return nil
  end
  local ok, text = pcall(json.encode, value)
  if not ok then
    return nil, "value: " .. text
  end
  return bare and type(value) == "string" and value or text
end

local function as_key(key)
  if type(key) == "number" then
    return integer.text(key)
  elseif type(key) == "string" then
    return key
  end
  return integer.digits(key)
end

--- Returns the key of a value that has an id, as text; else nil.
function record.key_of(value)
  if type(value) ~= "table" then
    return nil
  end
  return as_key(value.id) or as_key(value.messageId)
end

-- Checks of the options. Each takes an option's value and returns the value for the record. If the
-- option's value is wrong, the second result says what is expected.
local options = {}

function options.key(key)
  local text = as_key(key)
  return text, not text and "a string or a number"
end

function options.partition(partition)
  return partition, not is_whole(partition, 0, PARTITION_MAX) and "a whole number, 0 or more"
end

function options.timestamp(timestamp)
  return timestamp, not is_whole(timestamp, 1, 2 ^ 53) and "milliseconds since 1970, a whole number"
end

-- An answer takes at least 1 ms, so that is the shortest time-out.
function options.timeout(timeout)
  local ok = type(timeout) == "number" and timeout == timeout
  return ok and math.max(1, math.min(math.floor(timeout), 2 ^ 53)), not ok and "milliseconds"
end

function options.reply_to(topic)
  return topic, topic_error(topic) and "a topic's name"
end

function options.dialect(dialect)
  return dialect, host.dialects[dialect] == nil and "one of " .. host.dialect_names
end

local function take_option(made, name, value)
  local got, expected = options[name](value)
  if expected then
    local shown = type(value) == "string" and ("%q"):format(value) or tostring(value)
    return ("%s: expected %s, got %s"):format(name, expected, shown)
  end
  made[name] = got
  return nil
end

local function take_headers(made, given)
  local err
  made.headers, err = headers.flatten(given)
  return err
end

local function take(made, allowed, name, value)
  if not allowed[name] then
    return ("unknown option '%s'"):format(tostring(name))
  elseif name == "headers" then
    return take_headers(made, value)
  elseif name == "key" and value == null then
    made.key = nil
    return nil
  end
  return take_option(made, name, value)
end

--- Makes a record.
--
-- @param allowed a set of the options' names
-- @param key the key if the options have none
--
-- @return a table of topic, value (text; nil: a null value), headers (flat), and the options given;
-- or nil and what is wrong
function record.make(allowed, topic, value, given, key)
  local err = topic_error(topic)
  if err then
    return nil, err
  elseif given ~= nil and type(given) ~= "table" then
    return nil, "options: expected a table, got a " .. type(given)
  end
  local text, bad = encode(value, given and host.dialects[rawget(given, "dialect")])
  if bad then
    return nil, bad
  end
  local made = { topic = topic, value = text, key = key }
  for name, option in pairs(given or {}) do
    err = take(made, allowed, name, option)
    if err then
      return nil, err
    end
  end
  return made
end

return record
