--- The environment of scripts: a standard library that reads no files, runs no programs and cannot
-- be changed.

local coroutines = require "moonroute.coroutines"
local host = require "moonroute.host"
local log = require "moonroute.log"

local sandbox = {}

local raw_load, raw_rawset, raw_pairs, raw_require = load, rawset, pairs, require
local raw_pcall, raw_xpcall, raw_tostring = pcall, xpcall, tostring
local globals = _G
local metatable_of = debug.getmetatable

-- Every read-only table, with its name.
local frozen = setmetatable({}, { __mode = "k" })

local function copy(from)
  local to = {}
  for key, value in raw_pairs(from) do
    to[key] = value
  end
  return to
end

local function refuse(name)
  error(name .. ": read-only", 3)
end

--- A read-only view of a table. Each environment has its own, so that what gets past it
-- (table.insert writes without asking) stays with the script that did it.
function sandbox.freeze(name, real)
  local meta = metatable_of(real)
  local view = setmetatable({}, {
    __index = real,
    __newindex = function() refuse(name) end,
    __pairs = function() return next, copy(real) end,
    __call = meta and meta.__call,
    __metatable = false,
  })
  frozen[view] = name
  return view
end

local function safe_rawset(table, key, value)
  if frozen[table] then
    refuse(frozen[table])
  end
  return raw_rawset(table, key, value)
end

-- As in Lua 5.2: read-only tables and contexts can be walked through.
local function safe_pairs(table)
  local meta = metatable_of(table)
  local walk = meta and type(meta) == "table" and rawget(meta, "__pairs")
  if walk then
    return walk(table)
  end
  return raw_pairs(table)
end

local function safe_collectgarbage(what)
  if what ~= "count" then
    error("collectgarbage: only collectgarbage(\"count\") is allowed", 2)
  end
  return collectgarbage("count")
end

local function print_to_log(...)
  local parts = {}
  for position = 1, select("#", ...) do
    parts[position] = tostring((select(position, ...)))
  end
  log.info(table.concat(parts, "\t"))
end

-- LuaJIT's own pcall and xpcall call on without a look at the room on the stack: nested by their
-- arguments, or as __call, they write beyond it (LuaJIT issue 1048). A function in Lua looks.
local function safe_pcall(...)
  return raw_pcall(...)
end

local function nested_xpcall(...)
  return raw_xpcall(...)
end

local function handled(handler, ok, ...)
  if ok then
    return true, ...
  end
  local went, result = raw_pcall(handler, ...)
  if not went then
    result = "error in error handling"
  end
  return false, result
end

-- Calls the handler once the stack is unwound, and once only. LuaJIT's own calls it amid the error, at
-- the end of the stack too, and again for each error of the handler's own; it writes beyond the stack
-- then (LuaJIT issues 1152 and 1471). Scripts cannot look at the stack, so that they see no difference.
local function safe_xpcall(run, handler, ...)
  if type(handler) ~= "function" then
    error(("bad argument #2 to 'xpcall' (function expected, got %s)"):format(
      handler == nil and "no value" or type(handler)), 2)
  end
  return handled(handler, raw_pcall(run, ...))
end

-- LuaJIT's own, as a __tostring of what it shows, goes round without an instruction of Lua's, and no
-- budget could interrupt it.
local function safe_tostring(value)
  return raw_tostring(value)
end

local functions = {
  _VERSION = _VERSION,
  assert = assert,
  collectgarbage = safe_collectgarbage,
  error = error,
  getmetatable = getmetatable,
  ipairs = ipairs,
  next = next,
  pairs = safe_pairs,
  pcall = safe_pcall,
  print = print_to_log,
  rawequal = rawequal,
  rawget = rawget,
  rawset = safe_rawset,
  select = select,
  setmetatable = setmetatable,
  tonumber = tonumber,
  tostring = safe_tostring,
  type = type,
  unpack = unpack,
  xpcall = safe_xpcall,
}

local libraries = {
  bit = copy(bit),
  coroutine = coroutines.library,
  math = copy(math),
  os = { clock = os.clock, date = os.date, difftime = os.difftime, time = os.time },
  string = copy(string),
  table = copy(table),
}
libraries.string.dump = nil

-- What load's reader gives, piece by piece. Never left to load itself: LuaJIT goes on as if a hook were
-- running after an error has left load that a hook raised in the reader, and the budget's next hook is
-- not called then (lua_load restores no hook state, as lua_pcall does).
local function read_all(reader)
  local pieces = {}
  for piece in reader do
    if type(piece) ~= "string" then
      error("reader function must return a string", 0)
    elseif piece == "" then
      break
    end
    pieces[#pieces + 1] = piece
  end
  return table.concat(pieces)
end

-- The chunk sees the environment of the script that loads it, or a table that the script gives: LuaJIT
-- would give it the globals of the runtime for any other value. Text only, unless scripts are trusted:
-- bytecode can do anything.
local function loaders(env)
  local function load_text(chunk, name, mode, own_env)
    if own_env == nil then
      own_env = env
    elseif type(own_env) ~= "table" then
      error("load: expected a table as the environment, got a " .. type(own_env), 2)
    end
    if type(chunk) == "function" then
      local ok, text = pcall(read_all, chunk)
      if not ok then
        return nil, text
      end
      chunk, name = text, name or "=(load)"
    end
    return raw_load(chunk, name, host.trusted and (mode or "bt") or "t", own_env)
  end
  -- LuaJIT's own takes a reader, too.
  local function load_string(text, name)
    return load_text(text, name)
  end
  return load_text, load_string
end

local strict = {
  __metatable = false,
  __index = function(_, name)
    error(("undefined global '%s'"):format(tostring(name)), 2)
  end,
}

local trusting = {
  __index = function(_, name)
    local value = rawget(globals, name)
    if value == nil then
      error(("undefined global '%s'"):format(tostring(name)), 2)
    end
    return value
  end,
}

-- Like Lua's own, it knows the standard libraries too.
local function requirer(views, require)
  return function(name)
    if views[name] then
      return views[name]
    end
    return require(name)
  end
end

-- A generator of random numbers of its own: one script cannot seed another's.
local function own_math()
  local own = copy(libraries.math)
  own.random, own.randomseed = host.random()
  return own
end

-- Where scripts are trusted: copies of all globals there are, so that setting one stays their own;
-- and those that modules make later.
local function trusted_environment(require)
  local env = copy(globals)
  env.load, env.loadstring = loaders(env)
  env.pairs, env.print, env.require = safe_pairs, print_to_log, require
  env.pcall, env.xpcall = safe_pcall, nested_xpcall
  env._G = env
  return setmetatable(env, trusting)
end

--- A fresh environment. Its globals are its own; reading one that nobody set is an error.
-- @param require what `require` is in it for modules that are not Lua's own
function sandbox.environment(require)
  if host.trusted then
    return trusted_environment(require)
  end
  local env, views = copy(functions), {}
  for name, library in raw_pairs(libraries) do
    if name == "math" then
      library = own_math()
    end
    views[name] = sandbox.freeze(name, library)
    env[name] = views[name]
  end
  env.load, env.loadstring = loaders(env)
  env.require = requirer(views, require)
  env._G = env
  return setmetatable(env, strict)
end

--- What trusted scripts can require beside: whatever Lua itself finds, once a worker.
-- @return its value, or nil and the error
function sandbox.require_other(name)
  if not host.trusted then
    return nil
  end
  local ok, value = pcall(raw_require, name)
  if ok then
    return value
  end
  return nil, value
end

--- Makes the coroutines of modules that trusted scripts load ones through which router.request and
-- router.sleep can wait. Once a state.
function sandbox.trust()
  for name, run in raw_pairs(coroutines.library) do
    raw_rawset(coroutine, name, run)
  end
end

--- The globals of whatever has no environment of its own, be it a chunk, a coroutine or a function in
-- C: there are none, and none can be made.
function sandbox.nothing()
  return setmetatable({}, {
    __metatable = false,
    __index = strict.__index,
    __newindex = function() refuse("globals") end,
  })
end

--- Closes the way from a string value to what the environment leaves out. Once a state.
function sandbox.harden()
  rawset(string, "dump", nil)
  getmetatable("").__metatable = false
end

return sandbox
