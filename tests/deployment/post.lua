-- Posts one body again and again: wrk -s tests/deployment/post.lua URL -- BODY-FILE
-- Prints one line: requests a second, 50th and 99th percentile in seconds, answers that were not good.

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  file:close()
end

function done(summary, latency, requests)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("wrk %.3f %.9f %.9f %d", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e6, latency:percentile(99) / 1e6, bad))
end
