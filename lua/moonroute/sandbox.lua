--- The environment of scripts: a standard library that reads no files, runs no programs and cannot
-- be changed.

local compiled = require "moonroute.compiled"
local coroutines = require "moonroute.coroutines"
local host = require "moonroute.host"
local log = require "moonroute.log"

local sandbox = {}

local raw_rawset, raw_pairs, raw_require = rawset, pairs, require
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

--- Returns a read-only view of a table. Each environment has views of its own. If a write gets past
-- a view (table.insert does), only the script that wrote sees it.
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

-- Obeys __pairs, as Lua 5.2 does: read-only tables and contexts can be walked through.
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

-- Calls pcall from a Lua function, which checks the room on the stack. LuaJIT's own pcall and
-- xpcall call on without this check. If they are nested by their arguments, or as __call, they
-- write beyond the stack (LuaJIT issue 1048).
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

-- Calls the handler once only, when the stack is unwound. LuaJIT's own xpcall calls it amid the
-- error, even at the end of the stack, and again for each error of the handler. It then writes
-- beyond the stack (LuaJIT issues 1152 and 1471). Scripts cannot look at the stack, so they see no
-- difference.
local function safe_xpcall(run, handler, ...)
  if type(handler) ~= "function" then
    error(("bad argument #2 to 'xpcall' (function expected, got %s)"):format(
      handler == nil and "no value" or type(handler)), 2)
  end
  return handled(handler, raw_pcall(run, ...))
end

-- Calls tostring from a Lua function, so that a budget can interrupt it. If LuaJIT's own tostring
-- is the __tostring of its argument, it calls itself without any instruction of Lua.
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

-- Returns what load's reader gives, piece by piece. LuaJIT's load must not call the reader itself.
-- If a hook raises in the reader and the error leaves load, LuaJIT goes on as if a hook were
-- running. It then does not call the budget's next hook, because lua_load, unlike lua_pcall, does
-- not restore the hook state.
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

-- Returns load and loadstring. A chunk gets the environment of the script that loads it, or a table
-- that the script gives. For any other value LuaJIT would give it the globals of the runtime. Only
-- text is loaded unless scripts are trusted, because bytecode can do anything.
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
    return compiled.load(chunk, name, host.trusted and (mode or "bt") or "t", own_env)
  end
  -- Takes a reader, too, as LuaJIT's own loadstring does.
  local function load_string(text, name)
    return load_text(text, name)
  end
  return load_text, load_string
end

local strict = {
  __metatable = false,
  __index = function(_, name)
    host.mistake(("undefined global '%s'"):format(tostring(name)), 2)
  end,
}

local trusting = {
  __index = function(_, name)
    local value = rawget(globals, name)
    if value == nil then
      host.mistake(("undefined global '%s'"):format(tostring(name)), 2)
    end
    return value
  end,
}

-- Returns a require that knows the standard libraries, too, as Lua's own does.
local function requirer(views, require)
  return function(name)
    if views[name] then
      return views[name]
    end
    return require(name)
  end
end

-- Returns a math library with a generator of random numbers of its own: one script cannot seed
-- another's.
local function own_math()
  local own = copy(libraries.math)
  own.random, own.randomseed = host.random()
  return own
end

-- Returns the environment of a trusted script: copies of all globals that exist, so that a global
-- which the script sets stays its own. The script also sees the globals that modules make later.
local function trusted_environment(require)
  local env = copy(globals)
  env.load, env.loadstring = loaders(env)
  env.pairs, env.print, env.require = safe_pairs, print_to_log, require
  env.pcall, env.xpcall = safe_pcall, nested_xpcall
  env._G = env
  return setmetatable(env, trusting)
end

--- Returns a fresh environment. Its globals are its own. If nobody has set a global, reading it is
-- an error.
--
-- @param require the function that loads modules which are not Lua's own
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

-- Returns true if Lua itself finds the module. Asks for the place, because the text of an error may
-- be the module's own.
local function is_found(name)
  return package.preload[name] ~= nil or package.searchpath(name, package.path) ~= nil
    or package.searchpath(name, package.cpath) ~= nil
end

--- Requires a module that is not from lib/, if scripts are trusted: whatever Lua itself finds, once
-- per worker.
--
-- @return its value, or nil, the error, and true if there is such a module
function sandbox.require_other(name)
  if not host.trusted then
    return nil
  end
  local ok, value = pcall(raw_require, name)
  if ok then
    return value
  end
  return nil, value, is_found(name)
end

--- Replaces the coroutine library for modules that trusted scripts load. In their coroutines, too,
-- router.request and router.sleep can wait then. Called once per state.
function sandbox.trust()
  for name, run in raw_pairs(coroutines.library) do
    raw_rawset(coroutine, name, run)
  end
end

--- Returns the globals of a chunk, a coroutine or a C function without an environment of its own.
-- There are no globals, and none can be made.
function sandbox.nothing()
  return setmetatable({}, {
    __metatable = false,
    __index = strict.__index,
    __newindex = function() refuse("globals") end,
  })
end

--- Closes the way from a string value to what the environment leaves out. Called once per state.
function sandbox.harden()
  rawset(string, "dump", nil)
  getmetatable("").__metatable = false
end

return sandbox
