-- Asks spikelossd for a loss and its gradient from Lua, with LuaSocket and lua-cjson (on Debian:
-- lua-socket, lua-cjson).
--
--     lua5.4 examples/first_call.lua     SPIKELOSSD_URL names the server, default http://127.0.0.1:8080
local cjson = require 'cjson'
local http = require 'socket.http'
local ltn12 = require 'ltn12'

local url = os.getenv 'SPIKELOSSD_URL' or 'http://127.0.0.1:8080'

-- [batch, time, neurons]: two samples, four time steps, two classes of two neurons each. The gradient
-- is the same at every time step, so "broadcast" asks for one row a sample.
--
-- A table with a gap is not a list: write 0 where there is no spike, not nil.
local request = cjson.encode {
  spk = {
    { { 1, 0, 0, 1 }, { 1, 1, 0, 0 }, { 1, 0, 0, 0 }, { 0, 1, 0, 0 } },
    { { 0, 0, 1, 1 }, { 0, 0, 1, 0 }, { 1, 0, 1, 1 }, { 0, 0, 1, 0 } },
  },
  targets = { 0, 0 }, -- labels count from 0, unlike Lua's tables
  num_classes = 2,
  neurons_per_class = 2,
  correct_rate = 0.75,
  incorrect_rate = 0.125,
  gradient = 'broadcast',
}

local function fail(why)
  io.stderr:write(why, '\n')
  os.exit(1)
end

local parts = {}
local ok, status = http.request {
  url = url .. '/v1/losses/balanced_population_mse',
  method = 'POST',
  headers = { ['Content-Type'] = 'application/json', ['Content-Length'] = #request },
  source = ltn12.source.string(request),
  sink = ltn12.sink.table(parts),
}
if not ok then
  fail(status)
end
local answer = cjson.decode(table.concat(parts))
if status ~= 200 then
  fail(answer.detail)
end

local gradient = answer.gradients.spk.data -- [2, 1, 4], the last axis fastest
for i, value in ipairs(gradient) do
  gradient[i] = string.format('%.17g', value)
end
print(string.format('loss: %.17g', answer.loss))
print('gradient: ' .. table.concat(gradient, ' '))
