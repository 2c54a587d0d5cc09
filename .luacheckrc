-- What luacheck allows where (./tools/test lint). Everything runs on LuaJIT; nobody makes globals but handler scripts, and those
-- only the functions the router calls.
std = "luajit"
max_line_length = 120
exclude_files = { "build/**" }

-- The router fixes their arguments; a handler need not use each.
local handlers = { globals = { "handleMessage", "onLoad", "onUnload" }, unused_args = false }
files["scripts/**/*.lua"] = handlers
files["tests/**/scripts/**/*.lua"] = handlers
files["config/**/*.lua"] = { read_globals = { "env" } }
files["tests/lua/**/*.lua"] = { std = "luajit+busted" }
