--- Loads the scripts of a snapshot as a generation. Each script has an environment of its own.
-- Modules that scripts require from lib/ are loaded once per generation.

local apart = require "moonroute.apart"
local compiled = require "moonroute.compiled"
local host = require "moonroute.host"
local json = require "moonroute.json"
local router = require "moonroute"
local sandbox = require "moonroute.sandbox"

local loader = {}

local SIGNATURE = "handleMessage(topic, message, headers, context)"

local Generation = {}
Generation.__index = Generation

-- files: a list of { name = "lib/money.lua", place = "scripts/lib/money.lua", text = "..." }.
local function new_generation(files)
  local generation = setmetatable({
    files = {}, -- by name
    root = "", -- the folder of the scripts, as the places begin with it
    scripts = {}, -- scripts that ran, with their onLoad and onUnload
    handlers = {}, -- by file name
    parameters = {}, -- how many each handler takes, by file name
    libraries = {}, -- values of modules, by the name that was required
    loading = {}, -- names of the modules that are loading, outermost first
    errors = {},
    told = {}, -- the same errors, as a set
  }, Generation)
  for _, file in ipairs(files) do
    generation.files[file.name] = file
    generation.root = file.place:sub(1, #file.place - #file.name)
  end
  return generation
end

-- Modules that scripts can require beside their libraries; each file gets views of its own.
local builtin = {}

function builtin.moonroute()
  local own = {}
  for name, value in pairs(router) do
    own[name] = value
  end
  own.log = sandbox.freeze("router.log", router.log)
  return sandbox.freeze("router", own)
end

-- Wraps a function so that its errors have the line of the script.
local function placed(name, run)
  return function(value)
    local ok, result = pcall(run, value)
    if not ok then
      error(("cjson.%s: %s"):format(name, result), 2)
    end
    return result
  end
end

function builtin.cjson()
  return sandbox.freeze("cjson", {
    decode = placed("decode", json.decode),
    encode = placed("encode", json.encode),
    null = json.null,
  })
end

function Generation:find(name)
  local path = "lib/" .. name:gsub("%.", "/")
  local file = self.files[path .. ".lua"] or self.files[path .. "/init.lua"]
  if file then
    return file
  end
  local place = self.root .. path
  return nil, ("module '%s' not found: no %s.lua, no %s/init.lua"):format(name, place, place)
end

-- Returns the libraries that require one another, from the first to this library.
function Generation:circle(name)
  local chain = {}
  for _, loading in ipairs(self.loading) do
    if loading == name or #chain > 0 then
      chain[#chain + 1] = loading
    end
  end
  chain[#chain + 1] = name
  return table.concat(chain, " -> ")
end

function Generation:is_loading(name)
  for _, loading in ipairs(self.loading) do
    if loading == name then
      return true
    end
  end
  return false
end

-- Compiles a file.
-- @return the file's chunk and its environment, or nil and the syntax error
function Generation:compile(file)
  local env = sandbox.environment(self:requirer(file.place))
  local chunk, err = compiled.load(file.text, "@" .. file.place, "t", env)
  return chunk, chunk and env or err
end

-- Runs the library's text.
-- @return its value, or nil and an error
function Generation:load_library(name, file)
  local chunk, err = self:compile(file)
  if not chunk then
    return nil, err
  end
  local depth = #self.loading
  self.loading[depth + 1] = name
  local went, ok, value = pcall(apart.run, file.place, chunk, name)
  self.loading[depth + 1] = nil
  if not went then
    return nil, file.place .. ": " .. tostring(ok)
  elseif not ok then
    return nil, value
  end
  return value == nil and true or value
end

-- Returns the value of a library; loads a new library.
--
-- @return the value, or nil, an error, true if the error names a place itself, and true if no retry
-- can mend the error
function Generation:library(name)
  if not apart.name() then
    self.loading = {} -- left over if an earlier run was ended by force
  end
  if self.libraries[name] ~= nil then
    return self.libraries[name]
  elseif self:is_loading(name) then
    return nil, ("module '%s' requires itself: %s"):format(name, self:circle(name)), false, true
  end
  local file, missing = self:find(name)
  if not file then
    local other, err, found = sandbox.require_other(name)
    return other, err and missing .. "; " .. tostring(err) or missing, false, not found
  end
  local value, err = self:load_library(name, file)
  self.libraries[name] = value
  return value, err, err ~= nil
end

-- Raises at the line that called require. If that was a tail call, its line is lost, and the error
-- begins with the file's place. `how` is `error` or `host.mistake`.
local function raise(how, err, place)
  if not debug.getinfo(3, "l") then
    how(place .. ": " .. err, 0)
  end
  how(err, 3)
end

--- Returns the `require` for the environment of the file at that place.
function Generation:requirer(place)
  local own = {}
  return function(name)
    if type(name) ~= "string" then
      host.mistake("require: expected a module's name, got a " .. type(name), 2)
    end
    if builtin[name] then
      own[name] = own[name] or builtin[name]()
      return own[name]
    end
    local value, err, has_place, is_mistake = self:library(name)
    if has_place then
      error(err, 0)
    elseif value == nil then
      raise(is_mistake and host.mistake or error, err, place)
    end
    return value
  end
end

-- Adds an error, which always names a place, at least the file. If many scripts require a library,
-- its error is added once.
function Generation:fail(file, message)
  if message:sub(1, #self.root) ~= self.root then
    message = file.place .. ": " .. message
  end
  if not self.told[message] then
    self.told[message] = true
    self.errors[#self.errors + 1] = message
  end
end

-- Runs the text of a script.
-- @return the script's environment, nil if it does not load
function Generation:run(file)
  local chunk, env = self:compile(file)
  if not chunk then
    return self:fail(file, env)
  end
  local ok, err = apart.run(file.place, chunk)
  if not ok then
    return self:fail(file, err)
  end
  return env
end

function Generation:load_script(file)
  host.charge(file.name)
  local env = self:run(file)
  if not env then
    return
  end
  local script = {
    file = file,
    on_load = rawget(env, "onLoad"),
    on_unload = rawget(env, "onUnload"),
  }
  self.scripts[#self.scripts + 1] = script
  self.handlers[file.name] = rawget(env, "handleMessage")
  if type(self.handlers[file.name]) ~= "function" then
    self:fail(file, "no function " .. SIGNATURE)
    return
  end
  local taken = debug.getinfo(self.handlers[file.name], "u")
  self.parameters[file.name] = taken.isvararg and math.huge or taken.nparams
end

-- Calls a script's onLoad or onUnload, if it has one.
-- @return true if there was no error
function Generation:call(script, name, run)
  if run == nil then
    return true
  end
  if type(run) ~= "function" then
    self:fail(script.file, name .. ": expected a function, got a " .. type(run))
    return false
  end
  host.charge(script.file.name)
  local ok, err = apart.run(script.file.place, run)
  if not ok then
    self:fail(script.file, script.file.place .. ": " .. name .. ": " .. err)
  end
  return ok
end

--- Calls onUnload of each script whose onLoad succeeded.
-- @return the errors
function Generation:unload()
  self.errors = {}
  for _, script in ipairs(self.scripts) do
    if script.ready then
      self:call(script, "onUnload", script.on_unload)
    end
  end
  return self.errors
end

-- Calls each onLoad. If any of them fails, calls onUnload of each script whose onLoad succeeded.
function Generation:start()
  for _, script in ipairs(self.scripts) do
    script.ready = self:call(script, "onLoad", script.on_load)
  end
  local errors = self.errors
  if #errors > 0 then
    self:unload()
    self.errors = errors
  end
end

local function is_handler(file)
  return not file.name:find("/", 1, true)
end

--- Runs every script of a list of files, then each onLoad. `generation.errors` lists what is wrong.
-- If it is empty, `generation.handlers` has a function for each script.
function loader.load(files)
  local generation = new_generation(files)
  for _, file in ipairs(files) do
    if is_handler(file) then
      generation:load_script(file)
    end
  end
  if #generation.errors == 0 then
    generation:start()
  end
  return generation
end

--- Runs every script, but no onLoad, and compiles the libraries, also if no script requires them.
-- @return the errors
function loader.check(files)
  local generation = new_generation(files)
  for _, file in ipairs(files) do
    if is_handler(file) then
      generation:load_script(file)
    else
      local chunk, err = generation:compile(file)
      if not chunk then
        generation:fail(file, err)
      end
    end
  end
  return generation.errors
end

return loader
