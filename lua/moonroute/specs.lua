--- Runs busted: `moonroute test`.

local specs = {}

-- Runs the specs. The runner takes its arguments from the global `arg`. If all specs pass, it
-- returns; if not, it raises nil. A Lua function calls it, for the name that it shows ("moonroute
-- test").
local function run_busted(runner, path)
  _G.arg = { [0] = "moonroute test", path }
  runner({ standalone = false })
  return "passed"
end

--- Runs the specs in a file or a folder.
-- @return "passed", "failed" or "no busted"
-- @raise if busted itself raises
function specs.run(path)
  local found, runner = pcall(require, "busted.runner")
  if not found then
    if tostring(runner):find("module 'busted.runner' not found", 1, true) then
      return "no busted"
    end
    error(runner, 0)
  end
  local ok, result = pcall(run_busted, runner, path)
  io.stdout:flush()
  if not ok and result ~= nil then
    error(result, 0)
  end
  return ok and result or "failed"
end

return specs
