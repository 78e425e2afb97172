-- What wrk sends, and what it tells in the end: one line of JSON.
-- The environment names the method, the token and the body.

wrk.method = os.getenv("PRESS_METHOD")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("PRESS_TOKEN")
if wrk.method == "POST" then
  wrk.headers["Content-Type"] = "application/json"
  wrk.body = os.getenv("PRESS_BODY")
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout
  ))
end
