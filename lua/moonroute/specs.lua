--- Runs busted: `moonroute test`.

local specs = {}

-- The runner takes its arguments from the global `arg`, returns where all passed, and raises nil
-- where not. It is called by a Lua function for the name that it shows ("moonroute test").
local function run_busted(runner, path)
  _G.arg = { [0] = "moonroute test", path }
  runner({ standalone = false })
  return "passed"
end

--- @return "passed", "failed" or "no busted"; raises where busted itself does
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
