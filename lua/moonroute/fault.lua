--- Classifies what handlers raise. Never raises itself, whatever the value's metamethods do.

local json = require "moonroute.json"

local fault = {}

local DEFAULT_MESSAGE = "Unknown error occurred"
local DEFAULT_NAME = "InternalServerError"

local function index(value, key)
  return value[key]
end

local function field(value, key)
  local ok, got = pcall(index, value, key)
  if ok then
    return got
  end
  return nil
end

--- Returns the value as text; never fails.
function fault.text(value)
  local ok, text = pcall(tostring, value)
  if ok and type(text) == "string" then
    return text
  end
  return "(" .. type(value) .. " that cannot be shown)"
end

-- Returns the text of a table without a message: its __tostring, or its JSON if it has none.
local function table_text(value)
  local meta = debug.getmetatable(value)
  local ok, text = pcall(json.encode, value)
  if ok and not (type(meta) == "table" and rawget(meta, "__tostring")) then
    return text
  end
  return fault.text(value)
end

--- Returns the message of an error as text; nil if it has none. A list of texts, as validators give
-- it, is joined.
function fault.message(message)
  if message == nil or message == json.null then
    return nil
  elseif type(message) ~= "table" then
    return fault.text(message)
  end
  local ok, text = pcall(table.concat, message, ", ")
  return ok and text ~= "" and text or table_text(message)
end

local function message_of(value)
  return fault.message(field(value, "message"))
end

local function name_of(value)
  local name = field(value, "error")
  if type(name) == "string" then
    return name
  end
  return DEFAULT_NAME
end

local function status_of(status)
  if type(status) == "number" and status >= 400 and status <= 599 and status % 1 == 0 then
    return status
  end
  return 500
end

-- A year. A longer delay is a mistake, and would hold its key, or its partition, for ever.
local DELAY_MAX = 365 * 24 * 60 * 60 * 1000

local function delay_of(value)
  local delay = field(value, "retry_after")
  if type(delay) ~= "number" or delay ~= delay then
    return nil
  end
  return math.floor(math.min(math.max(delay, 0), DELAY_MAX))
end

-- Returns true for { statusCode =, message =, error = }, even if some or all of the fields are
-- missing.
local function has_status_shape(value)
  if debug.getmetatable(value) == nil and next(value) == nil then
    return true
  end
  return field(value, "retry_after") == nil and field(value, "retryable") == nil
    and (message_of(value) ~= nil or field(value, "error") ~= nil)
end

-- Returns the status that the error reply has at the end: the statusCode of the value, or `default`
-- if it has none.
local function reply_status(value, default)
  local status = field(value, "statusCode")
  return status == nil and default or status_of(status)
end

local function classify_table(value)
  local delay = delay_of(value)
  if field(value, "retryable") == false then
    return "reject", reply_status(value, 500), 0
  elseif delay then
    return "retry", reply_status(value, 503), delay
  elseif field(value, "statusCode") ~= nil or has_status_shape(value) then
    return "status", reply_status(value, 500), 0
  end
  return "error", 500, 0
end

--- Classifies a raised value. If a table has several of the fields, `retryable = false` comes
-- first, then `retry_after`, then `statusCode`.
-- @return the kind: "status", "retry", "reject" or "error"
-- @return the message
-- @return the error's name
-- @return the status of the error reply
-- @return the delay of the retry in ms
function fault.classify(value)
  if type(value) ~= "table" then
    return "error", fault.text(value), DEFAULT_NAME, 500, 0
  end
  local kind, status, delay = classify_table(value)
  local message = message_of(value) or (kind == "error" and table_text(value)) or DEFAULT_MESSAGE
  return kind, message, name_of(value), status, delay
end

return fault
