-- Replays prepared requests in a cycle, so that the client costs one table look-up a request.
--
-- In:     the path of a file that traffic.write_requests wrote, as the only argument.
-- Out:    one line "RESULT {json}" at the end; latencies in microseconds.
-- Never:  builds a request while the clock runs.

local requests, count, turn = {}, 0, 0

function init(arguments)
   local file = assert(io.open(arguments[1], "rb"))
   local text = file:read("*a")
   file:close()
   local at = 1
   while at <= #text do
      local length = tonumber(text:sub(at, at + 7))
      count = count + 1
      requests[count] = text:sub(at + 11, at + 10 + length)
      at = at + 11 + length
   end
end

function request()
   turn = turn % count + 1
   return requests[turn]
end

function done(summary, latency)
   local e = summary.errors
   print(string.format(
      'RESULT {"requests": %d, "duration_us": %d, "bytes": %d, "p50_us": %d, "p90_us": %d, "p99_us": %d, "max_us": %d, '
      .. '"connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d}',
      summary.requests, summary.duration, summary.bytes,
      latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max,
      e.connect, e.read, e.write, e.timeout, e.status))
end
